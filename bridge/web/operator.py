"""The operator API: JSON under `/api/v1`, described by OpenAPI at `/api/v1/openapi.json`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bridge import __version__
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import BridgeError, NotFoundHere, StoreUnavailable
from bridge.domain.ids import ConnectionName, DeliveryId, SiteId
from bridge.service.desk import Desk
from bridge.service.sweep import Sweeper
from bridge.web import schemas
from bridge.web.receiver import BodyTooLarge, read_body

ROOT: Final = "/api/v1"
MAX_REQUEST_BYTES: Final = 64 * 1024
MAX_DIGITS: Final = 19
"""Of a number in a query or a path: what fits into the store."""


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


def operator_app(
    *, desk: Desk, sweeper: Sweeper, nudge: Callable[[], None], metrics: Callable[[], Awaitable[bytes]]
) -> Starlette:
    """Return the operator's app. It asks for no proof: whoever may open its socket is the operator."""

    async def deliveries(request: Request) -> BaseModel:
        rows = await desk.deliveries(
            state=_state(request),
            connection=_connection(request),
            limit=_number(request, "limit", 50),
            before=_before(request),
        )
        return schemas.DeliveryList(deliveries=[schemas.DeliveryOut.of(row) for row in rows])

    async def delivery(request: Request) -> BaseModel:
        return schemas.DeliveryDetail.of(await desk.delivery(_id(request)))

    async def replay(request: Request) -> BaseModel:
        asked = schemas.ReplayIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        row = await desk.replay(_id(request), who=asked.who)
        nudge()
        return schemas.DeliveryOut.of(row)

    async def alerts(request: Request) -> BaseModel:
        rows = await desk.alerts(limit=_number(request, "limit", 50))
        return schemas.AlertList(alerts=[schemas.AlertOut.of(row) for row in rows])

    async def status(_: Request) -> BaseModel:
        return schemas.StatusOut(version=__version__, rows=dict(await desk.counts()))

    async def sweep(request: Request) -> BaseModel:
        body = await read_body(request, MAX_REQUEST_BYTES)
        asked = schemas.SweepIn.model_validate_json(body) if body else schemas.SweepIn()
        swept = await (sweeper.sweep() if asked.site is None else sweeper.sweep_named(SiteId(asked.site)))
        nudge()
        return schemas.SweepOut.of(swept)

    listing = (("state", "string"), ("connection", "string"), ("limit", "integer"), ("before", "integer"))
    operations = (
        Operation(
            method="GET", path="/status", summary="What waits or needs a person", gives=schemas.StatusOut, call=status
        ),
        Operation(
            method="GET",
            path="/deliveries",
            summary="Deliveries, the newest first",
            gives=schemas.DeliveryList,
            call=deliveries,
            query=listing,
        ),
        Operation(
            method="GET",
            path="/deliveries/{id:int}",
            summary="One delivery with its body and subjects",
            gives=schemas.DeliveryDetail,
            call=delivery,
        ),
        Operation(
            method="POST",
            path="/deliveries/{id:int}/replay",
            summary="Look a delivery up again",
            gives=schemas.DeliveryOut,
            call=replay,
            takes=schemas.ReplayIn,
        ),
        Operation(
            method="GET",
            path="/alerts",
            summary="Alerts, the newest first",
            gives=schemas.AlertList,
            call=alerts,
            query=(("limit", "integer"),),
        ),
        Operation(
            method="POST",
            path="/sweep",
            summary="List the sites' rentals and look at every known subject again, or at those of one site",
            gives=schemas.SweepOut,
            call=sweep,
            takes=schemas.SweepIn,
            needs_body=False,
        ),
    )
    document = openapi(operations)

    async def describe(_: Request) -> Response:
        return JSONResponse(document)

    async def scrape(_: Request) -> Response:
        return Response(await metrics(), media_type="text/plain; version=0.0.4")

    routes: list[BaseRoute] = [Route(ROOT + o.path, _endpoint(o), methods=[o.method]) for o in operations]
    routes += [Route(f"{ROOT}/openapi.json", describe), Route("/metrics", scrape)]
    return Starlette(routes=routes)


def _endpoint(operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            answer = await operation.call(request)
        except NotFoundHere as error:
            return _error(404, str(error))
        except StoreUnavailable as error:
            return _error(503, str(error))
        except BadRequest as error:
            return _error(400, str(error))
        except BodyTooLarge:
            return _error(413, "the request is too large")
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            return _error(400, f"{place or 'the body'} is not as it should be")
        return Response(answer.model_dump_json(), media_type="application/json")

    return endpoint


def _error(status: int, message: str) -> Response:
    return JSONResponse(schemas.ErrorOut(message=message).model_dump(), status)


def _id(request: Request) -> DeliveryId:
    number = request.path_params["id"]
    if len(str(number)) >= MAX_DIGITS:
        raise NotFoundHere("there is no delivery with this number")
    return DeliveryId(number)


def _state(request: Request) -> DeliveryState | None:
    word = request.query_params.get("state")
    if word is None:
        return None
    try:
        return DeliveryState(word)
    except ValueError:
        raise BadRequest(f"state must be one of {', '.join(DeliveryState)}") from None


def _connection(request: Request) -> ConnectionName | None:
    name = request.query_params.get("connection")
    return None if name is None else ConnectionName(name)


def _before(request: Request) -> DeliveryId | None:
    return DeliveryId(_number(request, "before", 0)) if "before" in request.query_params else None


def _number(request: Request, name: str, default: int) -> int:
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
    if "{id:int}" in operation.path:
        parameters.append({"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}})
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": f"{operation.method}{operation.path.replace('/', '_').replace('{id:int}', 'one')}".lower(),
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
