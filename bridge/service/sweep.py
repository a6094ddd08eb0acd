"""Looking at every known subject again, on an interval: what was missed, lost or set aside comes right here."""

from bridge.ports.store import Priority, SubjectQueue
from bridge.telemetry import get_logger


class Sweeper:
    """Marks; the worker does the rest. Dead subjects are marked too, so that no removal is given up for ever."""

    def __init__(self, queue: SubjectQueue) -> None:
        self._queue = queue
        self._log = get_logger()

    async def sweep(self) -> int:
        """Mark all known subjects due at the sweep's priority, and return how many."""
        marked = await self._queue.mark_known(priority=Priority.SWEEP)
        self._log.info("sweep.marked", subjects=marked)
        return marked
