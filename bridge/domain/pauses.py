"""Work that a person has stopped for a while: deliveries come in and are looked up, nothing is done at a gate."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bridge.domain.errors import inert
from bridge.domain.ids import SiteId

MAX_WORDS = 200


class Scope(StrEnum):
    ALL = "all"
    ADAPTER = "adapter"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is paused: `name` is an adapter's key or the platform's id of a site, empty for all."""

    scope: Scope
    name: str = ""

    def __str__(self) -> str:
        return "everything" if self.scope is Scope.ALL else f"{self.scope} {self.name}"

    def covers(self, site: SiteId, adapter: str) -> bool:
        return {Scope.ALL: "", Scope.ADAPTER: adapter, Scope.SITE: site}[self.scope] == self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """`since` is UTC."""

    place: Place
    since: datetime
    who: str
    reason: str

    def __str__(self) -> str:
        return inert(f"{self.place} is paused since {self.since:%Y-%m-%d %H:%M} UTC by {self.who}: {self.reason}")
