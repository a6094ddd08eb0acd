"""Runs `gatebridge` and ends it with SIGKILL at one point of the spine; the product knows nothing of it.

Usage: launcher.py DATABASE POINT COMMAND... A point wraps one function of the running bridge, by its name; DATABASE is
the room of the store, `sqlite` or `postgres`.
"""

import asyncio
import functools
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final


class When(Enum):
    BEFORE = auto()
    AFTER = auto()
    STALLED = auto()
    """Never does it; whoever runs the process kills it."""


def always(*_: Any) -> bool:
    return True


def holds_a_delivery(_: Any, jobs: list[Any], *__: Any) -> bool:
    """Tell whether a batch of the writer has a delivery in it, not only the worker's units."""
    return any(type(job).__name__ == "Put" for job in jobs)


@dataclass(frozen=True, kw_only=True)
class Point:
    """`place` is `module:name`, with `*` for the database; the process dies at the first pass whose arguments fit."""

    place: str
    when: When
    fits: Callable[..., bool] = always


POINTS: Final = {
    "read, not inserted": Point(place="bridge.store.writer:Writer.put", when=When.BEFORE),
    "inserted, not committed": Point(place="bridge.store.*.hand:run_all", when=When.AFTER, fits=holds_a_delivery),
    "committed, not answered": Point(
        place="bridge.store.writer:Writer._hand_back", when=When.BEFORE, fits=holds_a_delivery
    ),
    "answered, not claimed": Point(place="bridge.store.store:SqlStore.claim_deliveries", when=When.STALLED),
    "claimed, not looked up": Point(place="bridge.service.resolve:Resolver.run", when=When.BEFORE),
    "looked up, not marked": Point(place="bridge.store.store:SqlStore.settle_delivery", when=When.BEFORE),
    "marked, not committed": Point(place="bridge.store.inbox:settle", when=When.AFTER),
    "marked, subject not claimed": Point(place="bridge.store.store:SqlStore.claim_subjects", when=When.STALLED),
    "subject claimed": Point(place="bridge.service.converge:Converger.run", when=When.BEFORE),
    "code taken, not committed": Point(place="bridge.store.runs:take_code", when=When.AFTER),
    "code taken": Point(place="bridge.store.store:SqlStore.take_code", when=When.AFTER),
    "intent noted, gate not called": Point(place="bridge.store.store:SqlStore.note", when=When.AFTER),
    "gate called, reference not kept": Point(place="bridge.store.store:SqlStore.keep_ref", when=When.BEFORE),
    "reference kept": Point(place="bridge.store.store:SqlStore.keep_ref", when=When.AFTER),
    "field written, not committed": Point(place="bridge.store.store:SqlStore.commit", when=When.BEFORE),
    "end written, not committed": Point(place="bridge.store.subjects:finish", when=When.AFTER),
}


def arm(point: Point, database: str) -> None:
    """Put the trap around the function at the point's place."""
    module_name, _, path = point.place.replace("*", database).partition(":")
    *holders, name = path.split(".")
    holder: Any = functools.reduce(getattr, holders, importlib.import_module(module_name))
    original = getattr(holder, name)
    trap = _around_coroutine if inspect.iscoroutinefunction(original) else _around_function
    setattr(holder, name, trap(original, point))


def _around_coroutine(original: Callable[..., Any], point: Point) -> Callable[..., Any]:
    @functools.wraps(original)
    async def trapped(*arguments: Any, **named: Any) -> Any:
        caught = point.fits(*arguments)
        if caught and point.when is When.STALLED:
            await asyncio.Event().wait()
        if caught and point.when is When.BEFORE:
            die()
        result = await original(*arguments, **named)
        if caught:
            die()
        return result

    return trapped


def _around_function(original: Callable[..., Any], point: Point) -> Callable[..., Any]:
    @functools.wraps(original)
    def trapped(*arguments: Any, **named: Any) -> Any:
        caught = point.fits(*arguments)
        if caught and point.when is When.BEFORE:
            die()
        result = original(*arguments, **named)
        if caught:
            die()
        return result

    return trapped


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    from bridge.cli import main

    arm(POINTS[sys.argv[2]], sys.argv[1])
    sys.argv[1:] = sys.argv[3:]
    main()
