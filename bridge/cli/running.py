"""A running bridge: receiver and worker in one process, and the operator API on its socket."""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

import uvloop
from starlette.applications import Starlette

from bridge import __version__
from bridge.cli.context import SOCKET_NAME
from bridge.cli.listening import authority, listen, listen_here, serving, watched
from bridge.domain.errors import ConfigurationError
from bridge.service import certificate, silence
from bridge.service.receive import Receiver
from bridge.settings import LogFormat, Settings
from bridge.store import ProcessLock
from bridge.telemetry import configure_logging, get_logger
from bridge.web import operator_app, receiver_app
from bridge.wiring import Parts, assemble
from bridge.worker import Duty, Worker

T = TypeVar("T")
SWITCH_SECONDS: Final = 0.0001
COLLECT_AFTER: Final = (10_000, 20, 100)
"""Many small looks at what is new, few at all that there is."""


def start_logging(settings: Settings) -> None:
    as_json = settings.log.format is LogFormat.JSON or (
        settings.log.format is LogFormat.AUTO and not sys.stderr.isatty()
    )
    configure_logging(level=settings.log.level, as_json=as_json)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine on the fast loop."""
    # The store's thread gives the interpreter up at each call to SQLite; by default a busy loop keeps it 5 ms then.
    sys.setswitchinterval(SWITCH_SECONDS)
    # What is loaded stays: to look through all of it again and again would hold up answers for a tenth of a second.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


class Only(StrEnum):
    """Half a bridge, for several processes on one PostgreSQL database."""

    RECEIVER = "receiver"
    WORKER = "worker"


async def serve_until_stopped(settings: Settings, *, host: str, port: int, only: Only | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_bridge(settings, host=host, port=port, only=only):
        await stop.wait()
        get_logger().info("bridge.stopping")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBridge:
    """Where it listens; a worker alone has no URL."""

    url: str | None
    operator_socket: Path


@asynccontextmanager
async def running_bridge(
    settings: Settings, *, host: str, port: int, only: Only | None = None
) -> AsyncIterator[RunningBridge]:
    """Run the whole bridge, or `only` half of it, inside the block. Port 0 takes a free one.

    Raises `ConfigurationError` for an address that cannot be had. Deliveries are accepted when the block begins.
    """
    log = get_logger()
    if only is not None and not settings.store.is_shared:
        raise ConfigurationError("store.url", "names a file that one process owns: --only needs PostgreSQL")
    async with AsyncExitStack() as running:
        listener = None if only is Only.WORKER else running.enter_context(listen(host, port))
        parts = await running.enter_async_context(assemble(settings))
        running.enter_context(_alone_in(settings))
        await parts.trust.begin()
        await running.enter_async_context(watched("the mark", parts.trust.keep(), stop=parts.trust.stop))
        worker, nudge, stored = _worker(parts), _nobody, _nobody
        operator_socket = settings.state_dir / SOCKET_NAME
        operator_listener = running.enter_context(listen_here(operator_socket))
        if only is not Only.RECEIVER:
            nudge, stored = worker.nudge, worker.stored
            parts.store.on_work(nudge)
            await running.enter_async_context(watched("the worker", worker.run(), stop=worker.stop))
        await running.enter_async_context(serving(_operator(parts, nudge), operator_listener))
        url = None
        if listener is not None:
            await running.enter_async_context(serving(_public(parts, stored), listener))
            url = f"http://{authority(listener)}"
        log.info("bridge.ready", url=url, only=only, version=__version__, sites=len(settings.sites))
        yield RunningBridge(url=url, operator_socket=operator_socket)
    log.info("bridge.stopped")


def _nobody() -> None:
    """Nobody works in this process: those who do hear of it from the store."""


@contextmanager
def _alone_in(settings: Settings) -> Iterator[None]:
    """Keep others out of the state folder, where the store itself does not: two bridges need two folders."""
    if not settings.store.is_shared:
        yield
        return
    folder = settings.state_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = ProcessLock.take(folder / "bridge", key="server.state_dir")
    except OSError as error:
        raise ConfigurationError("server.state_dir", f"{folder} cannot be used ({error.strerror})") from error
    try:
        yield
    finally:
        lock.release()


def _worker(parts: Parts) -> Worker:
    return Worker(
        deliveries=parts.store,
        subjects=parts.subjects,
        resolver=parts.resolver,
        converger=parts.runs,
        sweeper=parts.sweeper,
        retention=parts.retention,
        clock=parts.clock,
        leases=parts.leases,
        turns=parts.store,
        poll_seconds=parts.store.cadence.poll,
        concurrency=parts.settings.worker.concurrency,
        sweep_seconds=parts.settings.worker.sweep_minutes * 60,
        site_sweep_seconds={
            (site.connection, site.id): site.sweep_minutes * 60
            for site in parts.settings.sites
            if site.sweep_minutes is not None
        },
        operations=parts.desk.operations,
        catch_up=parts.catch_up,
        catch_up_seconds=parts.settings.worker.catch_up_minutes * 60,
        duties=(
            Duty(name="silence", every=silence.LOOK_SECONDS, run=parts.silence.look),
            Duty(name="certificate", every=certificate.LOOK_SECONDS, run=parts.certificate.look),
        ),
        connection_shares=parts.connection_shares,
        site_shares=parts.site_shares,
    )


def _public(parts: Parts, stored: Callable[[], None]) -> Starlette:
    receiver = Receiver(
        entrances=parts.entrances,
        inbox=parts.store,
        alert_sink=parts.store,
        alerts=parts.alerts,
        clock=parts.clock,
        metrics=parts.metrics,
        on_stored=stored,
    )
    return receiver_app(
        receiver,
        max_body_bytes=parts.settings.server.max_body_bytes,
        metrics=lambda: _metrics(parts),
        feeds=parts.feeds,
    )


def _operator(parts: Parts, nudge: Callable[[], None]) -> Starlette:
    return operator_app(
        desk=parts.desk,
        pauses=parts.pauses,
        breakers=parts.breakers,
        sweeper=parts.sweeper,
        catch_up=parts.catch_up,
        explain=parts.explainer.explain,
        resyncer=parts.resyncer,
        proof=parts.proof,
        revocations=parts.revocations,
        shadow_report=parts.shadow_report,
        trust=parts.trust,
        nudge=nudge,
        metrics=lambda: _metrics(parts),
    )


async def _metrics(parts: Parts) -> bytes:
    return parts.metrics.text({**await parts.desk.counts(), **await parts.pauses.counts()})
