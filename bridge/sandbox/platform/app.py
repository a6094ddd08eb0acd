"""The simulated platform as an application, assembled from its parts."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from bridge.sandbox.page import Keypad, page_routes
from bridge.sandbox.platform.api import AdminApi
from bridge.sandbox.platform.board import Board
from bridge.sandbox.platform.control import Control
from bridge.sandbox.platform.dials import Dials
from bridge.sandbox.platform.errors import Refusal
from bridge.sandbox.platform.gatekeeper import KeyCheck, Misfortune
from bridge.sandbox.platform.sender import Sender
from bridge.sandbox.platform.settings import PlatformSettings
from bridge.sandbox.platform.world import World

ADMIN_ROOT: Final = "/api/v1/admin"


def build_platform(
    world: World, sender: Sender, settings: PlatformSettings, *, gate_client: httpx.AsyncClient | None = None
) -> Starlette:
    """Return the platform: admin API, control API and page. Its lifespan runs the sender and the business clock.

    `gate_client` replaces the network to the gate in tests; it is not closed.
    """
    keypad = Keypad(settings.gate_url, client=gate_client)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        del app
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(sender.running())
            await stack.enter_async_context(keypad.running())
            await stack.enter_async_context(_ticking(world, settings.tick))
            yield

    return Starlette(
        routes=_routes(world, sender, settings, keypad),
        exception_handlers={Refusal: _refuse, HTTPException: _http_error},
        lifespan=lifespan,
    )


def _routes(world: World, sender: Sender, settings: PlatformSettings, keypad: Keypad) -> Sequence[BaseRoute]:
    return [
        Mount(
            ADMIN_ROOT,
            routes=AdminApi(world, settings).routes(),
            middleware=[
                Middleware(Misfortune, faults=sender.faults, root=ADMIN_ROOT),
                Middleware(KeyCheck, books=world.books, settings=settings),
            ],
        ),
        Mount(
            "/sandbox",
            routes=[
                *Board(world, sender, settings).routes(),
                *Dials(world, sender).routes(),
                *Control(world).routes(),
                Route("/keypad", keypad.press, methods=["POST"]),
            ],
        ),
        Route("/livez", _alive),
        *page_routes(business=settings.business_code),
    ]


@asynccontextmanager
async def _ticking(world: World, seconds: float) -> AsyncIterator[None]:
    """Do what the business clock makes due, while the context lasts."""

    async def tick() -> None:
        while True:
            world.catch_up()
            await asyncio.sleep(seconds)

    task = asyncio.create_task(tick())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _alive(request: Request) -> Response:
    del request
    return JSONResponse({"status": "alive"})


async def _refuse(request: Request, error: Exception) -> Response:
    del request
    status, kind = (error.status, error.kind) if isinstance(error, Refusal) else (500, "unexpected")
    return _error_body(status, kind, str(error))


async def _http_error(request: Request, error: Exception) -> Response:
    del request
    status, message = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "unexpected")
    headers = error.headers if isinstance(error, HTTPException) else None
    return _error_body(status, "http", message, headers)


def _error_body(status: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the documented error body (reference, section 4.8)."""
    body: dict[str, Any] = {"error": {"type": kind, "message": message}}
    return JSONResponse(body, status_code=status, headers=headers)
