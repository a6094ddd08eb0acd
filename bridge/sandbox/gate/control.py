"""What a person in front of the simulator does: types codes, looks at its state, switches its kind, orders faults."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bridge.sandbox.gate.api import MASK, shown
from bridge.sandbox.gate.bodies import read_object
from bridge.sandbox.gate.faults import Fault, FaultBook
from bridge.sandbox.gate.keypad import Keypad, Reason
from bridge.sandbox.gate.kind import GateKind
from bridge.sandbox.gate.people import Controller
from bridge.sandbox.gate.refusals import GateRefused, Refusal
from bridge.sandbox.gate.traffic import CallLog


class Control:
    """The endpoints outside of the vendor's API. Faults and latency do not reach them."""

    def __init__(self, *, controller: Controller, keypad: Keypad, faults: FaultBook, calls: CallLog) -> None:
        self._controller = controller
        self._keypad = keypad
        self._faults = faults
        self._calls = calls

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/livez", self.livez, methods=["GET"]),
            Route("/keypad", self.type_code, methods=["POST"]),
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/entries", self.entries, methods=["GET"]),
            Route("/sandbox/log", self.log, methods=["GET"]),
            Route("/sandbox/log", self.clear_log, methods=["DELETE"]),
            Route("/sandbox/kind", self.show_kind, methods=["GET"]),
            Route("/sandbox/kind", self.switch_kind, methods=["PATCH"]),
            Route("/sandbox/faults", self.list_faults, methods=["GET"]),
            Route("/sandbox/faults", self.order_fault, methods=["POST"]),
            Route("/sandbox/faults", self.clear_faults, methods=["DELETE"]),
        ]

    async def livez(self, _: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def type_code(self, request: Request) -> Response:
        """Answer what the gate did. A body without site or target is 400, a code that is none is an honest refusal."""
        try:
            body = await read_object(request)
        except GateRefused:
            body = {}
        site, target = body.get("site"), body.get("target")
        if not (isinstance(site, str) and site and isinstance(target, str) and target):
            return JSONResponse({"opened": False, "reason": Reason.MALFORMED}, status_code=400)
        done = self._keypad.type_code(site=site, target=target, code=body.get("code"))
        return JSONResponse({"opened": done.opened, "reason": done.reason})

    async def state(self, request: Request) -> Response:
        """Answer all people and targets; codes only with `?codes=true`."""
        in_clear = request.query_params.get("codes") == "true"
        sites = {
            site.name: {
                "targets": sorted(site.targets),
                "people": [shown(p, code=p.code.reveal() if in_clear else MASK) for p in site.people],
            }
            for site in self._controller.sites
        }
        return JSONResponse({"sites": sites})

    async def entries(self, _: Request) -> Response:
        return JSONResponse(
            {
                "entries": [
                    {
                        "at": entry.at.isoformat(),
                        "site": entry.site,
                        "target": entry.target,
                        "opened": entry.opened,
                        "reason": entry.reason,
                        "person": entry.person,
                    }
                    for entry in self._keypad.entry_log
                ]
            }
        )

    async def log(self, _: Request) -> Response:
        return JSONResponse(
            {
                "calls": [
                    {
                        "at": entry.at.isoformat(),
                        "ended": None if entry.ended is None else entry.ended.isoformat(),
                        "method": entry.method,
                        "path": entry.path,
                        "site": entry.site,
                        "status": entry.status,
                        "fault": entry.fault,
                    }
                    for entry in self._calls.entries
                ]
            }
        )

    async def clear_log(self, _: Request) -> Response:
        self._calls.clear()
        return JSONResponse({"calls": []})

    async def show_kind(self, _: Request) -> Response:
        return JSONResponse(self._controller.kind.model_dump(mode="json"))

    async def switch_kind(self, request: Request) -> Response:
        """Take any keys of `kind.GateKind`; the others, and all people, stay as they are."""
        body = await read_object(request)
        try:
            self._controller.kind = GateKind.model_validate(self._controller.kind.model_dump() | body)
        except ValidationError as error:
            return _refused(error)
        return await self.show_kind(request)

    async def list_faults(self, _: Request) -> Response:
        return JSONResponse(self._waiting())

    async def order_fault(self, request: Request) -> Response:
        """Take `{"latency": seconds}`, or a fault (see `faults.Fault`)."""
        body = await read_object(request)
        latency = body.get("latency")
        if latency is not None:
            if isinstance(latency, bool) or not isinstance(latency, int | float) or not 0 <= latency <= 60:  # noqa: PLR2004 - a minute says itself
                raise GateRefused(Refusal.BAD_REQUEST, "latency is a number of seconds from 0 to 60")
            self._faults.latency = float(latency)
        else:
            try:
                self._faults.add(Fault.model_validate(body))
            except ValidationError as error:
                return _refused(error)
        return JSONResponse(self._waiting())

    async def clear_faults(self, _: Request) -> Response:
        self._faults.clear()
        return JSONResponse(self._waiting())

    def _waiting(self) -> dict[str, Any]:
        return {
            "latency": self._faults.latency,
            "faults": [fault.model_dump(mode="json") for fault in self._faults.waiting],
        }


def _refused(error: ValidationError) -> Response:
    place = ".".join(str(part) for part in error.errors()[0]["loc"])
    return JSONResponse({"error": f"{place}: {error.errors()[0]['msg']}"}, status_code=422)
