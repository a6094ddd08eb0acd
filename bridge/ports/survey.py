"""What an adapter may offer beside the others: all that its vendor has at the site, read once by its list calls."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.domain.changes import EntryState, Observed
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Person, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Something at the vendor that no known person of the bridge has; `id` is the vendor's, as a printable text.

    `is_ours` says that it bears a mark such as the bridge makes: of somebody it has forgotten, or another bridge's.
    Unless it `tells_doors`, it may open any, whatever `entries` says.
    """

    id: str
    is_ours: bool
    entries: Mapping[TargetId, EntryState] = field(default_factory=dict)
    tells_doors: bool = True


class Survey(Protocol):
    """The answer to one reading. It asks nothing more of the vendor."""

    def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed | None:
        """Return what `Adapter.observe` would have returned then; None where that takes another look.

        Raises what it would have raised.
        """

    def strangers(self, known: Mapping[str, Ref | None]) -> Sequence[Stranger]:
        """Return what nobody of these has, who are persons' keys with their references."""


class Surveyor(Protocol):
    """An adapter whose capabilities say that it `surveys`."""

    async def survey(self) -> Survey:
        """Read all that the vendor has at the site, by as many calls as its listings have pages. Changes nothing.

        A listing that is not whole, or another site's, is an error, never a shorter one.
        """
