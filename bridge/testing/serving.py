"""A vendor's simulation behind one address of this machine, for trying a configuration out."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from bridge.domain.ids import SiteId, TargetId
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.ports.adapter import AdapterContext, AdapterSpec
from bridge.testing.simulation import SimulatedClock, Simulation

_PROBE: Final = "https://probe.invalid/"


class RealClock(SimulatedClock):
    """The time of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def served(simulation: Simulation) -> Starlette:
    """Return an app that answers for each of the vendor's hosts below `/HOST`, and for the doors at `/keypad`."""

    async def keypad(request: Request) -> Response:
        try:
            tried = await request.json()
            code, door = str(tried["code"]), TargetId(str(tried["target"]))
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"message": "send target and code as JSON"}, status_code=400)
        if door not in simulation.doors:
            return JSONResponse({"message": f"the doors are {', '.join(simulation.doors)}"}, status_code=404)
        return JSONResponse({"opened": simulation.opens(code, door)})

    async def vendor(scope: Scope, receive: Receive, send: Send) -> None:
        _, host, *rest = scope["path"].split("/", 2)
        path = "/" + (rest[0] if rest else "")
        raw = b"/" + b"/".join(scope["raw_path"].split(b"/", 2)[2:])
        headers = [(b"host", host.encode()), *(one for one in scope["headers"] if one[0] != b"host")]
        seen = {**scope, "path": path, "raw_path": raw, "root_path": "", "headers": headers}
        await simulation.app(seen, receive, send)

    return Starlette(routes=[Route("/keypad", keypad, methods=["POST"]), Mount("/", app=vendor)])


def local_options(spec: AdapterSpec[Any], simulation: Simulation, root: str) -> dict[str, Any]:
    """Return the simulation's options with each of the vendor's addresses at `root`, an `http://127.0.0.1:PORT`.

    An address that an option stands for by its default is found by trying which option moves it.
    """
    options = _moved(dict(simulation.options), root)
    names = [name for name in spec.options.model_fields if name.endswith("url") and name not in options]
    for name in names:
        gone = set(_addresses(spec, options)) - set(_addresses(spec, {**options, name: _PROBE}))
        if gone:
            options[name] = _at(min(gone), root)
    return options


def _addresses(spec: AdapterSpec[Any], options: Mapping[str, Any]) -> list[str]:
    """Return where the adapter would speak to."""
    asked: list[str] = []

    def client_for(url: str) -> httpx.AsyncClient:
        asked.append(str(base_url(url, key="options")))
        return make_client(base_url(url, key="options"))

    spec.open(spec.options.model_validate(options), AdapterContext(site=SiteId("site-1"), client_for=client_for))
    return asked


def _moved(options: dict[str, Any], root: str) -> dict[str, Any]:
    return {name: _at(value, root) if _is_address(value) else _inside(value, root) for name, value in options.items()}


def _inside(value: Any, root: str) -> Any:
    return _moved(value, root) if isinstance(value, dict) else value


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def _at(address: str, root: str) -> str:
    url = httpx.URL(address)
    return f"{root}/{url.host}{url.path.rstrip('/')}"


def as_toml(options: Mapping[str, Any]) -> Iterator[str]:
    """Yield options as lines of TOML, tables in one line each."""
    for name, value in options.items():
        yield f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(_toml(one) for one in value)}]"
        case dict():
            return f"{{ {', '.join(f'{_quoted(str(name))} = {_toml(one)}' for name, one in value.items())} }}"
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
