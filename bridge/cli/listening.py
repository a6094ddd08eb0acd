"""Sockets and servers: several in one process, each started and ended by the block that needs it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette

from bridge.domain.errors import BridgeError, ConfigurationError

GRACE_SECONDS: Final = 5
BACKLOG: Final = 2048
MAX_CONNECTIONS: Final = 1024
"""More at once are answered 503: each may hold a body in memory."""
MAX_SOCKET_PATH: Final = 100


@asynccontextmanager
async def serving(app: Starlette, listener: socket.socket, *, has_lifespan: bool = False) -> AsyncIterator[None]:
    """Serve `app` on `listener` inside the block; in the end, requests that have begun are answered."""
    server = _Server(app, has_lifespan=has_lifespan)
    async with watched("a server", server.serve(sockets=[listener]), stop=server.stop):
        await server.is_up.wait()
        yield


class PartEnded(BridgeError):
    """A part that runs for the whole life of the process came to an end by itself."""


@asynccontextmanager
async def watched(name: str, work: Coroutine[Any, Any, None], *, stop: Callable[[], None]) -> AsyncIterator[None]:
    """Run `work` beside the block; `stop` asks it to end, and the block waits for it.

    Should it end by itself, so does the block, with `PartEnded`: half a bridge must not look like a whole one.
    """
    task, owner, is_stopping = asyncio.create_task(work), asyncio.current_task(), False

    def ended(_: asyncio.Task[None]) -> None:
        if not is_stopping and owner is not None:
            owner.cancel()

    task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if not task.done() or owner is None:
            raise
        owner.uncancel()
        cause = None if task.cancelled() else task.exception()
        why = "" if cause is None else f" ({type(cause).__name__})"
        raise PartEnded(f"{name} ended by itself{why}") from cause
    finally:
        is_stopping = True
        stop()
        if not task.done():
            await asyncio.wait([task])


class _Server(uvicorn.Server):
    """A server among others in one process: signals are the command's business."""

    def __init__(self, app: Starlette, *, has_lifespan: bool) -> None:
        self.is_up = asyncio.Event()
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="on" if has_lifespan else "off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                backlog=BACKLOG,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )

    def stop(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    try:
        listener = _bound(host, port)
    except OSError as error:
        raise ConfigurationError("server.port", f"{host}:{port} cannot be listened on ({error.strerror})") from error
    with listener:
        yield listener


def _bound(host: str, port: int) -> socket.socket:
    # TCP is named: asyncio turns Nagle's delay off only where the socket says what it is.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def listen_here(path: Path) -> Iterator[socket.socket]:
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


def authority(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
