"""Reading the JSON body of a request, bounded, and taking typed values out of it."""

import json
from datetime import date
from typing import Any, Final

from starlette.requests import Request

from bridge.sandbox.platform.errors import BadRequest
from bridge.sandbox.platform.records import CustomFields

MAX_BODY: Final = 1024 * 1024
JSON_TYPE: Final = "application/json"


async def read_object(request: Request) -> dict[str, Any]:
    """Return the body's object; an absent body is an empty one. Raises `BadRequest`.

    Another content type than JSON is refused: a page of another origin can send no JSON without asking first.
    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise BadRequest("the body is too big")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
        raise BadRequest(f"the content type must be {JSON_TYPE}")
    try:
        body = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("the body is no object")
    return body


def text(body: dict[str, Any], name: str, default: str | None = None) -> str:
    """Return a text, `default` where it is absent. Raises `BadRequest`."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be a text")
    return value


def texts(body: dict[str, Any], name: str) -> tuple[str, ...]:
    value = body.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadRequest(f"{name} must be a list of texts")
    return tuple(value)


def day(body: dict[str, Any], name: str) -> date | None:
    """Return a `YYYY-MM-DD` day, None where it is absent, null or blank. Raises `BadRequest`."""
    value = body.get(name)
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadRequest(f"{name} must be a date, YYYY-MM-DD") from None


def switch(body: dict[str, Any], name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(f"{name} must be true or false")
    return value


def number(body: dict[str, Any], name: str, *, default: float) -> float:
    """Return a number of 0 or more. Raises `BadRequest`."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise BadRequest(f"{name} must be a number of 0 or more")
    return float(value)


def custom_fields(body: dict[str, Any]) -> CustomFields:
    """Return the custom fields to write: plain values, null for those to clear. Raises `BadRequest`."""
    value = body.get("customFields", {})
    if not isinstance(value, dict) or not all(isinstance(v, str | int | float | bool | None) for v in value.values()):
        raise BadRequest("customFields must be an object of plain values")
    return value
