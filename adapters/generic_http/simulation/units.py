"""The Units API of "Example Gate Co.": a visitor for each unit, each with a PIN.

Key in the header `X-Api-Key`. Takes forms, and answers each understood call with HTTP 200 and `"result": "ok"`, or
`"error"` with a `reason`. Pages have at most 50 visitors, whatever is asked for. A PIN belongs to one note: visitors
with the same note may share it. To switch a visitor to what it is already is an error.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.generic_http.simulation.written import SECRETS, example, form_of
from bridge.sdk import TargetId
from bridge.testing.simulation import SimulatedClock

UNITS: Final = ("B-014", "B-021", "B-030")
MAX_PAGE: Final = 50


@dataclass(slots=True, kw_only=True)
class Visitor:
    visitor_id: int
    unit: str
    pin: str
    note: str
    name: str
    phone: str = ""
    enabled: int = 1


class Refusal(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnitsSimulation:
    """One account, kept in memory. `changes` is what its operator writes otherwise than the example."""

    refusals_in_success: Final = (b'{"result": "error", "reason": "internal error"}',)

    def __init__(self, clock: SimulatedClock, *, masks_pins: bool = False, changes: str = "") -> None:
        del clock  # nothing here depends on time
        self._masks_pins = masks_pins
        self._changes = changes
        self._visitors: dict[int, Visitor] = {}
        self._numbers = itertools.count(1)
        self._is_full = False
        routes = [
            Route("/api/units", self._list_units),
            Route("/api/units/{unit:path}/visitors", self._list_of_unit),
            Route("/api/visitors", self._list, methods=["GET"]),
            Route("/api/visitors", self._add, methods=["POST"]),
            Route("/api/visitors/{visitor:int}", self._show, methods=["GET"]),
            Route("/api/visitors/{visitor:int}", self._remove, methods=["DELETE"]),
            Route("/api/visitors/{visitor:int}/{what}", self._change, methods=["POST"]),
        ]
        self._app = Starlette(routes=routes, exception_handlers={Refusal: _refused})

    @property
    def app(self) -> ASGIApp:
        return self._app

    @property
    def options(self) -> Mapping[str, Any]:
        return example("units", self._changes)

    @property
    def doors(self) -> Sequence[TargetId]:
        return [TargetId(unit) for unit in UNITS]

    def opens(self, code: str, door: TargetId) -> bool:
        return any(one.enabled and (one.unit, one.pin) == (door, code) for one in self._visitors.values())

    def credentials(self, door: TargetId) -> int:
        return sum(one.unit == door for one in self._visitors.values())

    def made(self) -> int:
        return sum(bool(one.note) for one in self._visitors.values())

    def code_lives_with(self) -> str:
        return "door"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        number = next(self._numbers)
        self._visitors[number] = Visitor(visitor_id=number, unit=door, pin=code, note="", name=name)

    def by_hand(self) -> Any:
        return [asdict(one) for one in self._visitors.values() if not one.note]

    def rename_made(self, name: str) -> None:
        for one in self._visitors.values():
            one.name = name if one.note else one.name

    def fill(self) -> bool:
        self._is_full = True
        return True

    def crowd(self, people: int) -> None:
        for number in range(people):
            self.add_by_hand(f"{870000 + number}", TargetId(UNITS[number % len(UNITS)]))

    def double(self, code: str) -> None:
        """Make each visitor whom the API made a second time, with another PIN."""
        for one in [one for one in self._visitors.values() if one.note]:
            number = next(self._numbers)
            self._visitors[number] = replace(one, visitor_id=number, pin=code)

    async def _list_units(self, request: Request) -> Response:
        _check_key(request)
        return _ok(units=[{"number": unit} for unit in UNITS])

    async def _list_of_unit(self, request: Request) -> Response:
        _check_key(request)
        unit = request.path_params["unit"]
        if unit not in UNITS:
            raise Refusal("no such unit")
        shown = [self._shown(one) for one in self._visitors.values() if one.unit == unit]
        return _ok(visitors=[{name: value for name, value in one.items() if name != "unit"} for one in shown])

    async def _list(self, request: Request) -> Response:
        _check_key(request)
        size = min(int(request.query_params.get("per_page", MAX_PAGE)), MAX_PAGE)
        start = (int(request.query_params.get("page", "1")) - 1) * size
        page = list(self._visitors.values())[start : start + size]
        return _ok(visitors=[self._shown(one) for one in page], total=len(self._visitors))

    async def _show(self, request: Request) -> Response:
        return _ok(visitor=self._shown(self._whom(request)))

    async def _add(self, request: Request) -> Response:
        _check_key(request)
        form = await form_of(request)
        if form["unit"] not in UNITS:
            raise Refusal("no such unit")
        if self._is_full:
            raise Refusal("no room")
        self._check_pin(form["pin"], form["note"])
        number = next(self._numbers)
        self._visitors[number] = Visitor(
            visitor_id=number,
            unit=form["unit"],
            pin=form["pin"],
            note=form["note"],
            name=form["name"],
            phone=form.get("phone", ""),
        )
        return _ok(visitor_id=number)

    async def _remove(self, request: Request) -> Response:
        del self._visitors[self._whom(request).visitor_id]
        return _ok()

    async def _change(self, request: Request) -> Response:
        one, form = self._whom(request), await form_of(request)
        match request.path_params["what"]:
            case "switch":
                wanted = int(form["enabled"])
                if wanted == one.enabled:
                    raise Refusal("nothing to switch")
                one.enabled = wanted
            case "pin":
                self._check_pin(form["pin"], one.note)
                one.pin = form["pin"]
            case _:
                one.name, one.phone = form["name"], form.get("phone", "")
        return _ok()

    def _whom(self, request: Request) -> Visitor:
        _check_key(request)
        one = self._visitors.get(request.path_params["visitor"])
        if one is None:
            raise Refusal("no such visitor")
        return one

    def _shown(self, one: Visitor) -> dict[str, Any]:
        return {**asdict(one), "pin": "******" if self._masks_pins else one.pin}

    def _check_pin(self, pin: str, note: str) -> None:
        if any(one.pin == pin and one.note != note for one in self._visitors.values()):
            raise Refusal(f"PIN {pin} is in use")


def _check_key(request: Request) -> None:
    if request.headers.get("x-api-key") != SECRETS["EXAMPLE_UNITS_KEY"]:
        raise Refusal("key")


def _ok(**told: Any) -> Response:
    return JSONResponse({"result": "ok", **told})


async def _refused(request: Request, refusal: Exception) -> Response:
    del request
    reason = str(refusal)
    return JSONResponse({"result": "error", "reason": reason}, 401 if reason == "key" else 200)
