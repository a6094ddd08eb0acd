"""What a sweep came to."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from bridge.domain.ids import ConnectionName, SiteId
from bridge.service.listing import NotListed


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbelieved:
    """A site whose list is not complete, and why: where more than a few are missing in it, none is asked about."""

    connection: ConnectionName
    site: SiteId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep came to: known tenants that were marked, or are in step; tenants found that were not known.

    `not_listed` are sites whose list did not come, `unknown` those whose list is not believed.
    """

    known: int = 0
    in_step: int = 0
    found: int = 0
    not_listed: tuple[NotListed, ...] = ()
    unknown: tuple[Unbelieved, ...] = ()

    @classmethod
    def of(cls, parts: Collection[Self]) -> Self:
        """Return all parts as one."""
        return cls(
            known=sum(part.known for part in parts),
            in_step=sum(part.in_step for part in parts),
            found=sum(part.found for part in parts),
            not_listed=tuple(failed for part in parts for failed in part.not_listed),
            unknown=tuple(doubted for part in parts for doubted in part.unknown),
        )
