"""The control API's other half: the clock, the faults, the hooks, and the log of what was sent."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.domain.credential import Secret
from bridge.sandbox.platform.body import number, read_object, switch, text, texts
from bridge.sandbox.platform.clock import stamp
from bridge.sandbox.platform.errors import BadRequest, NotFound
from bridge.sandbox.platform.event import RECOMMENDED_EVENTS, EventType
from bridge.sandbox.platform.faults import ApiFault, ApiFaultKind, FaultPlan
from bridge.sandbox.platform.journal import Sending
from bridge.sandbox.platform.query import read_moment
from bridge.sandbox.platform.sender import Sender
from bridge.sandbox.platform.settings import Hook, Variant
from bridge.sandbox.platform.shapes import Shape
from bridge.sandbox.platform.world import World


class Dials:
    def __init__(self, world: World, sender: Sender) -> None:
        self._world = world
        self._sender = sender

    def routes(self) -> list[Route]:
        return [
            Route("/clock", self.get_clock),
            Route("/clock", self.set_clock, methods=["POST"]),
            Route("/faults", self.get_faults),
            Route("/faults", self.set_faults, methods=["PUT"]),
            Route("/hooks", self.get_hooks),
            Route("/hooks", self.add_hook, methods=["POST"]),
            Route("/hooks", self.remove_hooks, methods=["DELETE"]),
            Route("/deliveries", self.get_deliveries),
        ]

    async def get_clock(self, request: Request) -> Response:
        del request
        return JSONResponse(clock_shape(self._world))

    async def set_clock(self, request: Request) -> Response:
        """Set the clock to `now` (ISO), or advance it by `advanceSeconds`; what that makes due is done at once."""
        body = await read_object(request)
        if "now" in body:
            try:
                self._world.clock.set(read_moment(text(body, "now")))
            except ValueError:
                raise BadRequest("now must be an ISO time stamp") from None
        else:
            self._world.clock.advance(timedelta(seconds=number(body, "advanceSeconds", default=0.0)))
        self._world.catch_up()
        return JSONResponse(clock_shape(self._world))

    async def get_faults(self, request: Request) -> Response:
        del request
        return JSONResponse(_faults_shape(self._sender.faults.plan))

    async def set_faults(self, request: Request) -> Response:
        """Replace the whole plan; what the body leaves out goes well again."""
        self._sender.faults.plan = _read_plan(await read_object(request))
        return JSONResponse(_faults_shape(self._sender.faults.plan))

    async def get_hooks(self, request: Request) -> Response:
        del request
        return JSONResponse([_hook_shape(hook) for hook in self._sender.hooks])

    async def add_hook(self, request: Request) -> Response:
        hook = _read_hook(await read_object(request))
        self._sender.add_hook(hook)
        return JSONResponse(_hook_shape(hook))

    async def remove_hooks(self, request: Request) -> Response:
        body = await read_object(request)
        if self._sender.remove_hooks(text(body, "url")) == 0:
            raise NotFound("there is no hook with this url")
        return JSONResponse([_hook_shape(hook) for hook in self._sender.hooks])

    async def get_deliveries(self, request: Request) -> Response:
        """Answer with every sending that is still remembered, the oldest first."""
        del request
        return JSONResponse([sending_shape(sending) for sending in self._sender.journal])


def clock_shape(world: World) -> Shape:
    now = world.clock.now()
    local = now.astimezone(world.clock.zone)
    return {
        "now": stamp(now),
        "zone": str(world.clock.zone),
        "day": local.date().isoformat(),
        "time": local.strftime("%H:%M:%S"),
    }


def sending_shape(sending: Sending) -> Shape:
    return {
        "number": sending.number,
        "id": sending.event_id,
        "type": sending.event_type,
        "url": sending.url,
        "variant": sending.variant,
        "state": sending.state,
        "created": stamp(sending.created),
        "attempts": [
            {"at": stamp(attempt.at), "status": attempt.status, "ms": attempt.milliseconds, "error": attempt.error}
            for attempt in sending.attempts
        ],
    }


def _hook_shape(hook: Hook) -> Shape:
    return {"url": hook.url, "events": sorted(hook.events), "variant": hook.variant, "addonId": hook.addon_id}


def _read_hook(body: dict[str, Any]) -> Hook:
    secret = text(body, "secret")
    if not secret.strip():
        raise BadRequest("secret must not be blank")
    try:
        events = frozenset(EventType(word) for word in texts(body, "events")) if "events" in body else None
        variant = Variant(text(body, "variant", Variant.PLAIN))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return Hook(
        url=text(body, "url"),
        secret=Secret(secret),
        events=RECOMMENDED_EVENTS if events is None else events,
        variant=variant,
        addon_id=text(body, "addonId", ""),
        has_created=switch(body, "created", default=True),
    )


def _faults_shape(plan: FaultPlan) -> Shape:
    api = plan.api
    return {
        "latency": plan.latency,
        "duplicate": plan.duplicate,
        "drop": plan.drop,
        "delay": plan.delay,
        "reorder": plan.reorder,
        "reorderWait": plan.reorder_wait,
        "api": None
        if api is None
        else {
            "kind": api.kind,
            "remaining": api.remaining,
            "status": api.status,
            "retryAfter": api.retry_after,
            "path": api.path,
            "method": api.method,
        },
    }


def _read_plan(body: dict[str, Any]) -> FaultPlan:
    api = body.get("api")
    if api is not None and not isinstance(api, dict):
        raise BadRequest("api must be an object")
    return FaultPlan(
        latency=number(body, "latency", default=0.0),
        duplicate=switch(body, "duplicate", default=False),
        drop=min(number(body, "drop", default=0.0), 1.0),
        delay=number(body, "delay", default=0.0),
        reorder=int(number(body, "reorder", default=0)),
        reorder_wait=number(body, "reorderWait", default=0.5),
        api=None if api is None else _read_api_fault(api),
    )


def _read_api_fault(body: dict[str, Any]) -> ApiFault:
    try:
        kind = ApiFaultKind(text(body, "kind"))
    except ValueError:
        raise BadRequest(f"kind is one of {', '.join(ApiFaultKind)}") from None
    status = int(number(body, "status", default=503))
    if not 400 <= status < 600:  # noqa: PLR2004 - the range of HTTP's error statuses
        raise BadRequest("status must be an error status")
    return ApiFault(
        kind=kind,
        remaining=int(number(body, "remaining", default=1)),
        status=status,
        retry_after=None if body.get("retryAfter") is None else number(body, "retryAfter", default=0.0),
        path=text(body, "path", ""),
        method=text(body, "method", ""),
    )
