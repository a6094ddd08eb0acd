"""Sockets and servers: several in one process, each started and ended by the block that needs it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from bridge.domain.errors import ConfigurationError

GRACE_SECONDS: Final = 5
BACKLOG: Final = 2048
MAX_SOCKET_PATH: Final = 100


@asynccontextmanager
async def serving(app: Starlette, listener: socket.socket, *, has_lifespan: bool = False) -> AsyncIterator[None]:
    """Serve `app` on `listener` inside the block; in the end, requests that have begun are answered."""
    server = _Server(app, has_lifespan=has_lifespan)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.is_up.wait()
        yield
    finally:
        server.should_exit = True
        await task


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
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )

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
