"""The worked examples as an operator writes them, with another line here and there."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.requests import Request

SECRETS: Final[Mapping[str, str]] = {
    "EXAMPLE_GATE_CLIENT_ID": "gatebridge-lakeside",
    "EXAMPLE_GATE_CLIENT_SECRET": "s3cret-of-lakeside",
    "EXAMPLE_UNITS_KEY": "k3y-of-lakeside",
}
LEFT_OUT: Final = "-"
"""The value of a key that is taken out of the example."""


def example(name: str, changes: str = "") -> dict[str, Any]:
    """Return the options of `examples/{name}.toml`, the TOML `changes` laid over them, with the secrets named there."""
    text = (files("adapters.generic_http") / "examples" / f"{name}.toml").read_text(encoding="utf-8")
    options: dict[str, Any] = _with_secrets(_over(tomllib.loads(text), tomllib.loads(changes)))
    return options


async def form_of(request: Request) -> dict[str, str]:
    """Return the form that was sent: Starlette's own reader wants another library."""
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _over(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: value for key, value in below.items() if above.get(key) != LEFT_OUT}
    for key, value in above.items():
        if value == LEFT_OUT:
            continue
        inner = merged.get(key)
        merged[key] = _over(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _with_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_secrets(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_secrets(inner) for inner in value]
    return SECRETS[value.removeprefix("env:")] if isinstance(value, str) and value.startswith("env:") else value
