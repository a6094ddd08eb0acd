"""Where it is kept how the bridge left each person at the vendor: it outlives every restart."""

from collections.abc import Collection, Sequence
from typing import Protocol

from bridge.domain.drift import DriftOf
from bridge.domain.ids import SiteId, SubjectKey


class SightMemory(Protocol):
    async def forget_sights(self, subjects: Collection[SubjectKey]) -> None:
        """Forget how these were left: their next runs bring all in step, and count anew. Twice is harmless."""


class DriftBook(SightMemory, Protocol):
    async def list_drift(self, site: SiteId | None = None) -> Sequence[DriftOf]:
        """Return what has drifted and was left so by the last runs, by subject; of one site, or of all."""
