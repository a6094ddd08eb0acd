"""One thing that people ask or do, and its description by OpenAPI."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request

from bridge import __version__
from bridge.domain.errors import BridgeError
from bridge.web import schemas

ROOT: Final = "/api/v1"
MAX_REQUEST_BYTES: Final = 64 * 1024
MAX_DIGITS: Final = 19
"""Of a number in a query or a path: what fits into the store."""
_TYPES: Final = {"": "string", ":int": "integer"}
_PART: Final = re.compile(r"\{(\w+)((?::int)?)\}")


class BadRequest(BridgeError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that people ask or do. `takes` is the request's body, `query` its parameters with their types."""

    method: str
    path: str
    summary: str
    gives: type[BaseModel]
    call: Callable[[Request], Awaitable[BaseModel]]
    takes: type[BaseModel] | None = None
    needs_body: bool = True
    """Whether what it takes must be there."""
    query: tuple[tuple[str, str], ...] = ()


def number_of(request: Request, name: str, default: int) -> int:
    """Return a number of the query. Raises `BadRequest`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < MAX_DIGITS):
        raise BadRequest(f"{name} must be a number")
    return int(text)


def openapi(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of `operations`."""
    models: set[type[BaseModel]] = {schemas.ErrorOut, *(o.gives for o in operations)}
    models |= {o.takes for o in operations if o.takes is not None}
    _, definitions = models_json_schema(
        [(model, "serialization") for model in sorted(models, key=lambda model: model.__name__)],
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = ROOT + operation.path.replace(":int", "")
        paths.setdefault(path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gatebridge operator API", "version": __version__},
        "paths": paths,
        "components": {"schemas": definitions.get("$defs", {})},
    }


def _describe(operation: Operation) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "query", "required": False, "schema": {"type": kind}} for name, kind in operation.query
    ]
    parameters += [
        {"name": name, "in": "path", "required": True, "schema": {"type": _TYPES[kind]}}
        for name, kind in _PART.findall(operation.path)
    ]
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": f"{operation.method}{_PART.sub('one', operation.path).replace('/', '_')}".lower(),
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done", "content": _json(operation.gives)},
            "default": {"description": "Refused, with the reason", "content": _json(schemas.ErrorOut)},
        },
    }
    if operation.takes is not None:
        described["requestBody"] = {"required": operation.needs_body, "content": _json(operation.takes)}
    return described


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
