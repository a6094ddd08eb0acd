"""A sender that posts at a steady pace, whatever is answered, and remembers how it went."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random

import httpx

from tests.crash.mortal import Tenancy
from tests.flow.house import Bridge, sign

PATIENCE = 5.0
BUDGET = 2.0
"""Seconds that the platform waits for an answer."""
UPDATED = "unitRental.updated"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`status` is 0 where none came."""

    event: str
    status: int
    seconds: float
    has_retry_after: bool = False


class Steady(threading.Thread):
    """Each event is one that somebody has to look at; `body` makes it as long as is wanted, whoever compresses it."""

    def __init__(
        self,
        bridge: Bridge,
        about: Tenancy,
        *,
        name: str = "steady",
        word: str = UPDATED,
        pace: float = 0.04,
        body: int = 0,
    ) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        self._url = f"http://127.0.0.1:{bridge.port}/webhooks/lakeside"
        self._about = about
        self._name = name
        self._word = word
        self._pace = pace
        self._padding = Random(1).randbytes(body // 2).hex()
        self._over = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=PATIENCE, trust_env=False) as client:
            for number in count():
                self.answers.append(self._post(client, f"{self._about.rental}-{self._name}-{number}"))
                if self._over.wait(self._pace):
                    return

    def end(self) -> None:
        self._over.set()
        self.join()

    def since(self, mark: int) -> list[int]:
        """Return the statuses of all answers after the first `mark`."""
        return [answer.status for answer in self.answers[mark:]]

    @property
    def acknowledged(self) -> set[str]:
        return {answer.event for answer in self.answers if answer.status == 200}

    @property
    def slowest(self) -> float:
        return max(answer.seconds for answer in self.answers)

    def _post(self, client: httpx.Client, event: str) -> Answer:
        told = {"id": event, "type": self._word, "data": {"unitRentalId": self._about.rental}}
        body = json.dumps({**told, "padding": self._padding}).encode()
        began = time.monotonic()
        try:
            answer = client.post(self._url, content=body, headers={"sg-signature": sign(body)})
        except httpx.TransportError:
            return Answer(event=event, status=0, seconds=time.monotonic() - began)
        seconds = time.monotonic() - began
        told_when = answer.headers.get("retry-after", "").isdigit()
        return Answer(event=event, status=answer.status_code, seconds=seconds, has_retry_after=told_when)


@contextmanager
def posting(steady: Steady) -> Iterator[Steady]:
    steady.start()
    try:
        yield steady
    finally:
        steady.end()


def assert_honest(steady: Steady, kept: Callable[[], set[str]]) -> None:
    """Everything was answered, in time: 200 for what is kept, else 503 with the time to come again."""
    assert {answer.status for answer in steady.answers} <= {200, 503}
    assert all(answer.has_retry_after for answer in steady.answers if answer.status == 503)
    assert steady.slowest <= BUDGET
    assert steady.acknowledged <= kept()
