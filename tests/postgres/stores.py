"""Stores on the tests' own server, with the database's clock; some of them in processes of their own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from bridge.domain.ids import SubjectKey
from bridge.domain.outcome import Done
from bridge.ports.store import DeliverySettlement, Priority
from bridge.store import SqlStore
from bridge.store.postgres.connections import conninfo
from bridge.store.postgres.opening import open_postgres
from tests.contracts.store_builders import a_delivery, a_sighting
from tests.contracts.store_engines import KEYRING

ROOT: Final = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def a_store(url: str, **options: Any) -> AsyncIterator[SqlStore]:
    store = await open_postgres(url, keyring=KEYRING, **options)
    try:
        yield store
    finally:
        await store.close()


@contextmanager
def a_peer(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A session as a store's own are, in a transaction, that does nothing further by itself: it stands still."""
    session = psycopg.connect(conninfo(url))
    try:
        yield session
    finally:
        session.close()


async def mark(store: SqlStore, *keys: SubjectKey, event: str, priority: Priority = Priority.LIVE) -> None:
    """Have a delivery mark the subjects; nothing else waits in the inbox."""
    await store.put(a_delivery(event))
    (claim,) = await store.claim_deliveries(1)
    sightings = tuple(a_sighting(key) for key in keys)
    await store.settle_delivery(claim, DeliverySettlement(outcome=Done(), sightings=sightings, priority=priority))


async def soon(is_so: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Return as soon as it is so. Raises `TimeoutError` after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - what is waited for happens in a server
            await asyncio.sleep(0.02)


class Child:
    """A process that runs `program` of this folder, and says each thing that it did in a line."""

    def __init__(self, program: str, *arguments: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def heard(self, word: str) -> list[str]:
        """Wait for the next line, which begins with `word`, and return the rest of it."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(word):
                return line.split()[1:]
        pytest.fail(f"it ended before it said {word!r}")

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def a_child(program: str, *arguments: str) -> Iterator[Child]:
    child = Child(program, *arguments)
    try:
        yield child
    finally:
        child.end()
