"""Work that was given up: what people ask and decide about it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.domain.dead_letters import DeadLetter, Signature, Which
from bridge.domain.errors import DoorsOpen, NotFoundHere
from bridge.domain.work_id import WorkId
from bridge.ports.clock import Clock
from bridge.ports.dead_letters import DeadLetterBox

MAX_LETTERS: Final = 200
"""At once. Who decides on more asks again: each answer says what became of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of each: `refused` are those left as they were, with the reason."""

    done: tuple[DeadLetter, ...]
    refused: tuple[tuple[WorkId, str], ...]


class DeadLetters:
    def __init__(self, *, box: DeadLetterBox, clock: Clock) -> None:
        self._box = box
        self._clock = clock

    async def listed(
        self, which: Which, *, limit: int = MAX_LETTERS, after: WorkId | None = None
    ) -> Sequence[DeadLetter]:
        """Return dead subjects, then dead deliveries; `after` continues after the last one of an earlier answer."""
        return await self._box.list_dead(which, limit=min(max(limit, 1), MAX_LETTERS), after=after)

    async def show(self, letter: WorkId) -> DeadLetter:
        """Return one. Raises `NotFoundHere`."""
        return await self._box.show_dead(letter)

    async def replay(self, letters: Sequence[WorkId], *, who: str, reason: str = "") -> Decided:
        """Make them due at once with their attempts forgotten. Harmless: the truth is read again first."""
        by = Signature(who=who, at=self._clock.now(), reason=reason)
        return await _each(letters, lambda letter: self._box.replay_dead(letter, by))

    async def discard(
        self, letters: Sequence[WorkId], *, who: str, reason: str, despite_open_doors: bool = False
    ) -> Decided:
        """Take them off the list. One about a door that may be open is refused, unless that is said to be known.

        Nothing is changed at a gate, and the next event or sweep looks at the tenant again.
        """
        by = Signature(who=who, at=self._clock.now(), reason=reason)
        return await _each(
            letters, lambda letter: self._box.discard_dead(letter, by, despite_open_doors=despite_open_doors)
        )


async def _each(letters: Sequence[WorkId], decide: Callable[[WorkId], Awaitable[DeadLetter]]) -> Decided:
    """Decide on each by itself: one that somebody else was quicker with stops no other."""
    done: list[DeadLetter] = []
    refused: list[tuple[WorkId, str]] = []
    for letter in dict.fromkeys(letters):
        try:
            done.append(await decide(letter))
        except (NotFoundHere, DoorsOpen) as error:
            refused.append((letter, str(error)))
    return Decided(done=tuple(done), refused=tuple(refused))
