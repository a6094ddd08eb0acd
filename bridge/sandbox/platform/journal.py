"""What was sent, how often, and how it was answered."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

KEPT: Final = 2000


class SendingState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One POST. `status` is None when no answer came; `error` then says why. `at` is real, not business time."""

    at: datetime
    status: int | None
    milliseconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One event on its way to one hook."""

    number: int
    event_id: str
    event_type: str
    url: str
    variant: str
    job_id: str | None
    created: datetime
    state: SendingState = SendingState.WAITING
    attempts: tuple[Attempt, ...] = ()


class Journal:
    """Keeps the last sendings, the oldest first."""

    def __init__(self) -> None:
        self._sendings: OrderedDict[int, Sending] = OrderedDict()
        self._last = 0

    def __iter__(self) -> Iterator[Sending]:
        return iter(tuple(self._sendings.values()))

    def open(
        self, *, event_id: str, event_type: str, url: str, variant: str, job_id: str | None, created: datetime
    ) -> Sending:
        self._last += 1
        sending = Sending(
            number=self._last,
            event_id=event_id,
            event_type=event_type,
            url=url,
            variant=variant,
            job_id=job_id,
            created=created,
        )
        self._sendings[sending.number] = sending
        if len(self._sendings) > KEPT:
            self._sendings.popitem(last=False)
        return sending

    def add_attempt(self, number: int, attempt: Attempt) -> None:
        sending = self._sendings.get(number)
        if sending is not None:
            self._sendings[number] = replace(sending, attempts=(*sending.attempts, attempt))

    def settle(self, number: int, state: SendingState) -> SendingState:
        """Close a sending and return how it stands: delivered once is delivered, whatever its duplicate met."""
        sending = self._sendings.get(number)
        if sending is not None and sending.state is SendingState.DELIVERED:
            return SendingState.DELIVERED
        if sending is not None:
            self._sendings[number] = replace(sending, state=state)
        return state
