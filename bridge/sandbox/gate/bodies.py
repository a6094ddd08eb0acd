"""Reading what callers send: bounded, and an object or nothing."""

import json
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from bridge.sandbox.gate.refusals import GateRefused, Refusal

MAX_BYTES: Final = 64 * 1024


async def read_object(request: Request) -> dict[str, Any]:
    """Return the body's JSON object. Raises `GateRefused` for anything else, and for more than 64 KiB."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                raise GateRefused(Refusal.BAD_REQUEST, "the body is too large")
    except ClientDisconnect:
        raise GateRefused(Refusal.BAD_REQUEST, "the caller went away") from None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise GateRefused(Refusal.BAD_REQUEST, "the body is not JSON") from None
    if not isinstance(value, dict):
        raise GateRefused(Refusal.BAD_REQUEST, "the body is not an object")
    return value


def text_at(body: dict[str, Any], key: str) -> str:
    """Return a text that must be there. Raises `GateRefused`."""
    value = optional_text_at(body, key)
    if value is None:
        raise GateRefused(Refusal.BAD_REQUEST, f"{key} is missing")
    return value


def optional_text_at(body: dict[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise GateRefused(Refusal.BAD_REQUEST, f"{key} must be a text")
    return value


def optional_flag_at(body: dict[str, Any], key: str) -> bool | None:
    value = body.get(key)
    if value is not None and not isinstance(value, bool):
        raise GateRefused(Refusal.BAD_REQUEST, f"{key} must be true or false")
    return value
