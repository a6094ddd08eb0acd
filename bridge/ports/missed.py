"""What looking for missed events asks of the store."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bridge.domain.deliveries import Sighting
from bridge.domain.ids import ConnectionName, RentalId, SubjectKey
from bridge.domain.queueing import Priority


class SightingMarks(Protocol):
    async def mark_seen(
        self,
        sightings: Sequence[Sighting],
        *,
        if_known: Collection[SubjectKey] = (),
        priority: Priority,
        transfers: Mapping[RentalId, RentalId],
    ) -> int:
        """Make the sightings known and their subjects due, known ones too, and return how many subjects are new.

        Subjects in `if_known` become due where they are known, and are left unknown where not. `transfers`, from a left
        rental to its successor, are kept with the sightings; all are of one connection. A subject that is due already
        keeps its better priority and earlier due time. After a crash half-way, marking again does the rest.
        """


class Hearing(Protocol):
    async def heard(
        self, connection: ConnectionName, words: Mapping[str, Collection[str]], *, since: datetime
    ) -> Collection[tuple[str, str]]:
        """Return which ids stand in the body of a delivery received since then, each with the delivery's type.

        `words` are the ids that are asked for, by type. Bodies that are no longer kept tell nothing.
        """
