"""What people ask and do about work that was given up, behind `service.dead_letters`."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.dead_letters import DeadLetter, Signature, Which
from bridge.domain.work_id import WorkId


class DeadLetterBox(Protocol):
    async def list_dead(self, which: Which, *, limit: int, after: WorkId | None = None) -> Sequence[DeadLetter]:
        """Return dead subjects, then dead deliveries, each by number; `after` goes on after an earlier answer."""

    async def show_dead(self, letter: WorkId) -> DeadLetter:
        """Return one. Raises `NotFoundHere` where it is not, or no longer, a dead letter."""

    async def replay_dead(self, letter: WorkId, by: Signature) -> DeadLetter:
        """Make it due at once with its attempts forgotten, write it to the ledger, and return what it was.

        A subject goes behind live events: many may be replayed together.

        Raises `NotFoundHere` where it is not, or no longer, a dead letter.
        """

    async def discard_dead(self, letter: WorkId, by: Signature, *, despite_open_doors: bool) -> DeadLetter:
        """Take it off the list, write it to the ledger, and return what it was.

        A subject rests until an event or a sweep marks it again; a delivery is ignored from then on.

        Raises `NotFoundHere` where it is not, or no longer, a dead letter, and `DoorsOpen` where a door may still be
        open that nobody has said may stay so.
        """
