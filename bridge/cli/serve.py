"""`gatebridge serve`: receiver and worker in one process."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import uvicorn
import uvloop
from starlette.applications import Starlette

from bridge import __version__
from bridge.cli import context as cli_context
from bridge.domain.errors import ConfigurationError
from bridge.service.receive import Receiver
from bridge.settings import LogFormat, Settings
from bridge.telemetry import configure_logging, get_logger
from bridge.web import operator_app, receiver_app
from bridge.wiring import Parts, assemble
from bridge.worker import Worker

SOCKET_NAME: Final = "operator.sock"
GRACE_SECONDS: Final = 5
BACKLOG: Final = 2048
MAX_SOCKET_PATH: Final = 100


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Overrides server.host.", show_default=False)] = None,
    port: Annotated[
        int | None, typer.Option(help="Overrides server.port.", min=0, max=65535, show_default=False)
    ] = None,
) -> None:
    """Receive webhooks and bring the gates in step, until told to stop."""
    settings = cli_context.of(context).settings()
    start_logging(settings)
    run(
        serve_until_stopped(
            settings, host=host or settings.server.host, port=settings.server.port if port is None else port
        )
    )


def start_logging(settings: Settings) -> None:
    as_json = settings.log.format is LogFormat.JSON or (
        settings.log.format is LogFormat.AUTO and not sys.stderr.isatty()
    )
    configure_logging(level=settings.log.level, as_json=as_json)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine on the fast loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


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
    with _listen(host, port) as listener:
        async with assemble(settings) as parts:
            worker = _worker(parts)
            operator_socket = settings.state_dir / SOCKET_NAME
            with _listen_here(operator_socket) as operator_listener:
                servers = [
                    (_Server(_public(parts, worker)), listener),
                    (_Server(_operator(parts, worker)), operator_listener),
                ]
                tasks = [asyncio.create_task(server.serve(sockets=[on])) for server, on in servers]
                work = asyncio.create_task(worker.run())
                url = f"http://{_authority(listener)}"
                log.info("bridge.ready", url=url, version=__version__, sites=len(settings.sites))
                try:
                    yield RunningBridge(url=url, operator_socket=operator_socket)
                finally:
                    for server, _ in servers:
                        server.should_exit = True
                    await asyncio.gather(*tasks)
                    work.cancel()
                    await asyncio.gather(work, return_exceptions=True)
                    log.info("bridge.stopped")


def _worker(parts: Parts) -> Worker:
    return Worker(
        deliveries=parts.store,
        subjects=parts.store,
        resolver=parts.resolver,
        converger=parts.converger,
        sweeper=parts.sweeper,
        clock=parts.clock,
        concurrency=parts.settings.worker.concurrency,
        sweep_seconds=parts.settings.worker.sweep_minutes * 60,
    )


def _public(parts: Parts, worker: Worker) -> Starlette:
    receiver = Receiver(
        doors=parts.doors,
        inbox=parts.store,
        alert_sink=parts.store,
        alerts=parts.alerts,
        clock=parts.clock,
        metrics=parts.metrics,
        on_stored=worker.nudge,
    )
    return receiver_app(receiver, max_body_bytes=parts.settings.server.max_body_bytes, metrics=lambda: _metrics(parts))


def _operator(parts: Parts, worker: Worker) -> Starlette:
    return operator_app(desk=parts.desk, sweeper=parts.sweeper, nudge=worker.nudge, metrics=lambda: _metrics(parts))


async def _metrics(parts: Parts) -> bytes:
    return parts.metrics.text(await parts.desk.counts())


class _Server(uvicorn.Server):
    """A server among others in one process: signals are the command's business."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError("server.port", f"{host}:{port} cannot be listened on ({error.strerror})") from error
    with listener:
        yield listener


@contextmanager
def _listen_here(path: Path) -> Iterator[socket.socket]:
    """Listen on a socket that only its owner may open; one that a dead process left is replaced.

    The store's lock says that no living bridge has it.
    """
    if len(str(path).encode()) > MAX_SOCKET_PATH:
        raise ConfigurationError("server.state_dir", f"{path} is too long for a socket: choose a shorter folder")
    path.unlink(missing_ok=True)
    mask = os.umask(0o177)
    try:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
    except OSError as error:
        raise ConfigurationError("server.state_dir", f"{path} cannot be made ({error.strerror})") from error
    finally:
        os.umask(mask)
    listener.listen(BACKLOG)
    with listener:
        yield listener
    path.unlink(missing_ok=True)


def _authority(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
