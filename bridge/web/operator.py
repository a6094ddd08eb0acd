"""The operator API: JSON under `/api/v1`, described by OpenAPI at `/api/v1/openapi.json`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bridge import __version__
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import (
    AlreadyRunning,
    BridgeError,
    DoorsOpen,
    NotFoundHere,
    Outdated,
    PermanentError,
    StoreUnavailable,
    TemporaryError,
)
from bridge.domain.ids import ConnectionName, DeliveryId, SiteId
from bridge.service.breakers import Breakers
from bridge.service.catch_up import CatchUp
from bridge.service.desk import Desk
from bridge.service.pauses import Pauses
from bridge.service.proof import Proof
from bridge.service.resync import Resyncer
from bridge.service.revocations import Revocations
from bridge.service.shadow_report import ShadowReport
from bridge.service.sweep import Sweeper
from bridge.service.trust import Trust
from bridge.web import schemas
from bridge.web.catch_up import catch_up_operation
from bridge.web.dead_letters import dead_letter_operations
from bridge.web.drift import drift_operations
from bridge.web.erasure import erasure_operations
from bridge.web.explain import Explain, explain_operation
from bridge.web.holds import hold_operations
from bridge.web.ledger import ledger_operations
from bridge.web.operations import MAX_DIGITS, MAX_REQUEST_BYTES, ROOT, BadRequest, Operation, number_of, openapi
from bridge.web.pauses import pause_operations
from bridge.web.plan import plan_operation
from bridge.web.queue import queue_operation
from bridge.web.receiver import BodyTooLarge, read_body
from bridge.web.resync import resync_operations
from bridge.web.revocations import revocation_operations
from bridge.web.shadow import shadow_operation
from bridge.web.trust import trust_operations
from bridge.web.undertakings import undertaking_operations
from bridge.web.who import who_operations


def operator_app(
    *,
    desk: Desk,
    pauses: Pauses,
    breakers: Breakers,
    sweeper: Sweeper,
    catch_up: CatchUp,
    explain: Explain,
    resyncer: Resyncer,
    proof: Proof,
    revocations: Revocations,
    shadow_report: ShadowReport,
    trust: Trust,
    nudge: Callable[[], None],
    metrics: Callable[[], Awaitable[bytes]],
) -> Starlette:
    """Return the operator's app. It asks for no proof: whoever may open its socket is the operator."""

    async def deliveries(request: Request) -> BaseModel:
        rows = await desk.deliveries(
            state=_state(request),
            connection=_connection(request),
            limit=number_of(request, "limit", 50),
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
        rows = await desk.alerts(limit=number_of(request, "limit", 50))
        return schemas.AlertList(alerts=[schemas.AlertOut.of(row) for row in rows])

    async def status(_: Request) -> BaseModel:
        return schemas.StatusOut(version=__version__, rows={**await desk.counts(), **await pauses.counts()})

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
        catch_up_operation(catch_up, nudge),
        explain_operation(explain),
        plan_operation(resyncer),
        *resync_operations(resyncer, nudge),
        *undertaking_operations(desk.operations, pauses, nudge),
        queue_operation(desk, pauses, breakers),
        *pause_operations(pauses, nudge),
        *hold_operations(desk.holds, nudge),
        *revocation_operations(revocations, nudge),
        shadow_operation(shadow_report),
        *drift_operations(desk.drift),
        *dead_letter_operations(desk.dead_letters, nudge),
        *ledger_operations(proof.ledger),
        *who_operations(proof.who),
        *erasure_operations(proof.erasures),
        *trust_operations(trust, nudge),
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
        except BridgeError as error:
            status = next((number for kind, number in _STATUS.items() if isinstance(error, kind)), None)
            if status is None:
                raise
            return _error(status, str(error))
        except BodyTooLarge:
            return _error(413, "the request is too large")
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            return _error(400, f"{place or 'the body'} is not as it should be")
        return Response(answer.model_dump_json(), media_type="application/json")

    return endpoint


_STATUS: Final[Mapping[type[BridgeError], int]] = {
    NotFoundHere: 404,
    DoorsOpen: 409,
    BadRequest: 400,
    Outdated: 409,
    AlreadyRunning: 409,
    StoreUnavailable: 503,
    TemporaryError: 502,
    PermanentError: 502,
}
"""The first that fits. Other sides' errors are 502; what is missing here is a defect, or a mistake in a setting."""


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
    return DeliveryId(number_of(request, "before", 0)) if "before" in request.query_params else None
