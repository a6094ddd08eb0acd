"""Whether the database is the one that was here before: one that was restored knows less than the doors do."""

from dataclasses import dataclass
from typing import Final

DOUBTED: Final = "the database may be an older one: nobody loses a door until a person trusts it"
NOT_HERE: Final = "it was served before, and nothing beside it says that this was here"
ANOTHER: Final = "another database was here before"
OLDER: Final = "its ledger ends before, or differs from, what was seen here: it is an older one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a bridge keeps outside of the database: its name, and the ledger's number `entry` with its chain value.

    `machine` tells one host from another; None where the host says nothing of itself.
    """

    database: str
    entry: int
    chain: str
    machine: str | None = None


def doubt_about(mark: Mark | None, *, database: str | None, chain: str | None, is_shared: bool) -> str | None:
    """Return why the database is not to be believed, or None.

    `database` is its own name, None for one that was never served; `chain` is its ledger's chain value at the mark's
    entry, None where there is no such entry. A database that `is_shared` may be joined by any host, without a mark.
    """
    if mark is None:
        return None if database is None or is_shared else NOT_HERE
    if database is not None and mark.database != database:
        return ANOTHER
    return None if mark.chain == chain else OLDER


def is_elsewhere(mark: Mark | None, machine: str | None) -> bool:
    """Tell whether the mark was made on another host, as far as both say which they are."""
    return mark is not None and None not in {mark.machine, machine} and mark.machine != machine
