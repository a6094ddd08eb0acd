"""A running bridge: receiver and worker in one process, and the operator API on its socket."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import uvloop
from starlette.applications import Starlette

from bridge import __version__
from bridge.cli.context import SOCKET_NAME
from bridge.cli.listening import authority, listen, listen_here, serving, watched
from bridge.service.receive import Receiver
from bridge.settings import LogFormat, Settings
from bridge.telemetry import configure_logging, get_logger
from bridge.web import operator_app, receiver_app
from bridge.wiring import Parts, assemble
from bridge.worker import Worker

T = TypeVar("T")
SWITCH_SECONDS: Final = 0.0005


def start_logging(settings: Settings) -> None:
    as_json = settings.log.format is LogFormat.JSON or (
        settings.log.format is LogFormat.AUTO and not sys.stderr.isatty()
    )
    configure_logging(level=settings.log.level, as_json=as_json)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine on the fast loop."""
    # The store's thread gives the interpreter up at each call to SQLite; by default a busy loop keeps it 5 ms then.
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def serve_until_stopped(settings: Settings, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_bridge(settings, host=host, port=port):
        await stop.wait()
        get_logger().info("bridge.stopping")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBridge:
    """Where it listens."""

    url: str
    operator_socket: Path


@asynccontextmanager
async def running_bridge(settings: Settings, *, host: str, port: int) -> AsyncIterator[RunningBridge]:
    """Run the whole bridge inside the block. Port 0 takes a free one.

    Raises `ConfigurationError` for an address that cannot be had. Deliveries are accepted when the block begins.
    """
    log = get_logger()
    with listen(host, port) as listener:
        async with assemble(settings) as parts:
            worker = _worker(parts)
            operator_socket = settings.state_dir / SOCKET_NAME
            with listen_here(operator_socket) as operator_listener:
                async with (
                    watched("the worker", worker.run(), stop=worker.stop),
                    serving(_operator(parts, worker), operator_listener),
                    serving(_public(parts, worker), listener),
                ):
                    url = f"http://{authority(listener)}"
                    log.info("bridge.ready", url=url, version=__version__, sites=len(settings.sites))
                    yield RunningBridge(url=url, operator_socket=operator_socket)
            log.info("bridge.stopped")


def _worker(parts: Parts) -> Worker:
    return Worker(
        deliveries=parts.store,
        subjects=parts.subjects,
        resolver=parts.resolver,
        converger=parts.converger,
        sweeper=parts.sweeper,
        retention=parts.retention,
        clock=parts.clock,
        concurrency=parts.settings.worker.concurrency,
        sweep_seconds=parts.settings.worker.sweep_minutes * 60,
    )


def _public(parts: Parts, worker: Worker) -> Starlette:
    receiver = Receiver(
        entrances=parts.entrances,
        inbox=parts.store,
        alert_sink=parts.store,
        alerts=parts.alerts,
        clock=parts.clock,
        metrics=parts.metrics,
        on_stored=worker.nudge,
    )
    return receiver_app(
        receiver,
        max_body_bytes=parts.settings.server.max_body_bytes,
        metrics=lambda: _metrics(parts),
        feeds=parts.feeds,
    )


def _operator(parts: Parts, worker: Worker) -> Starlette:
    return operator_app(
        desk=parts.desk,
        pauses=parts.pauses,
        sweeper=parts.sweeper,
        explain=parts.explainer.explain,
        nudge=worker.nudge,
        metrics=lambda: _metrics(parts),
    )


async def _metrics(parts: Parts) -> bytes:
    return parts.metrics.text({**await parts.desk.counts(), **await parts.pauses.counts()})
