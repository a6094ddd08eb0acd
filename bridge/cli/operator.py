"""How a command reaches the desk: through the running bridge's operator API or, where none runs, over the store."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import httpx

from bridge.cli.context import SOCKET_NAME
from bridge.domain.errors import BridgeError, NotFoundHere, Rejected, Unreachable
from bridge.settings import Settings

ANSWER_SECONDS: Final = 30.0
T = TypeVar("T")


def ask(
    settings: Settings,
    question: Callable[[httpx.AsyncClient], Awaitable[T]],
    *,
    asks_platforms: bool = False,
    needs_bridge: bool = False,
) -> T:
    """Run `question` against the operator API.

    Raises `BridgeError` with the API's own sentence. Beside a running bridge its socket answers; else the same API runs
    here, over the store that this process then owns for a moment, and with the platforms if it `asks_platforms`. What
    `needs_bridge` is refused then.
    """
    return asyncio.run(_ask(settings, question, asks_platforms=asks_platforms, needs_bridge=needs_bridge))


async def _ask(
    settings: Settings,
    question: Callable[[httpx.AsyncClient], Awaitable[T]],
    *,
    asks_platforms: bool,
    needs_bridge: bool,
) -> T:
    path = settings.state_dir / SOCKET_NAME
    if path.exists():
        try:
            async with _client(httpx.AsyncHTTPTransport(uds=str(path))) as client:
                return await question(client)
        except httpx.ConnectError:
            pass  # a socket that a dead process left: nobody runs
        except httpx.HTTPError as error:
            raise Unreachable(f"the running bridge did not answer ({type(error).__name__})") from error
    if needs_bridge:
        raise Rejected(
            "no bridge runs here, and only a running one does the work: start gatebridge serve, then ask again"
        )
    from bridge.cli.own_store import operating_alone

    alone = operating_alone(settings, asks_platforms=asks_platforms)
    async with alone as app, _client(httpx.ASGITransport(app=app)) as client:
        return await question(client)


def _client(transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=transport, base_url="http://operator/api/v1/", timeout=ANSWER_SECONDS)


async def fetch(client: httpx.AsyncClient, method: str, path: str, **request: Any) -> Any:
    """Return the answer's JSON. Raises `BridgeError` with what the API says."""
    response = await client.request(method, path, **request)
    if response.is_success:
        return response.json()
    try:
        message = str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = f"the operator API answered {response.status_code}"
    raise _ERRORS.get(response.status_code, Rejected)(message)


_ERRORS: Final[dict[int, type[BridgeError]]] = {404: NotFoundHere, 502: Unreachable}
