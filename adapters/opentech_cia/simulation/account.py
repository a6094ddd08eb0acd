"""The account around the facility: sign-in, the routes of the API, and what the conformance kit asks for."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.opentech_cia.simulation.facility import (
    ACCESS_PROFILES,
    RENTED,
    TIME_GROUPS,
    Facility,
    Missing,
    Quirks,
    Refused,
    Unit,
    Visitor,
)
from bridge.sdk import TargetId
from bridge.testing.simulation import SimulatedClock

FACILITY: Final = "4711"
TOKEN_SECONDS: Final = 3600
DOORS: Final = ("B-014", "B-021", "C-003")
KEYS: Final = {
    "username": "key-6f1d-cia",
    "password": "secret-77aa-cia",
    "client_id": "client-19c3-cia",
    "client_secret": "client-secret-e5-cia",
}
_JSON: Final = frozenset({"application/json", "application/json-patch+json"})

Serve = Callable[[Request], Awaitable[Response]]


class CiaSimulation:
    """`configured` are options of the adapter beside those that it cannot do without."""

    def __init__(self, clock: SimulatedClock, quirks: Quirks | None = None, **configured: Any) -> None:
        self._clock = clock
        self._configured = configured
        self._tokens: dict[str, datetime] = {}
        self.facility = Facility(quirks=quirks or Quirks())
        for number in DOORS:
            self.facility.add_unit(number)
        self.signed_in = 0
        self.app: ASGIApp = Starlette(routes=self._routes())

    @property
    def options(self) -> Mapping[str, Any]:
        keys = {"api_key": "username", "api_secret": "password", "client_id": "client_id"}
        return {
            "facility": FACILITY,
            **{option: KEYS[word] for option, word in keys.items()},
            "client_secret": KEYS["client_secret"],
            "time_group": "24 hours",
            "access_profile": "11",
            **self._configured,
        }

    @property
    def doors(self) -> Sequence[TargetId]:
        if self._configured.get("unit_match") == "id":
            return [TargetId(str(self.facility.numbered(number).id)) for number in DOORS]
        return [TargetId(number) for number in DOORS]

    def opens(self, code: str, door: TargetId) -> bool:
        unit = self._unit_at(door)
        return any(
            visitor.opens == door or (visitor.unit == unit.id and unit.status == RENTED)
            for visitor in self.facility.visitors.values()
            if visitor.code == code
        )

    def credentials(self, door: TargetId) -> int:
        unit = self._unit_at(door)
        return sum(one.unit == unit.id or one.opens == door for one in self.facility.visitors.values())

    def made(self) -> int:
        return sum(not visitor.by_hand for visitor in self.facility.visitors.values())

    def code_lives_with(self) -> str:
        return "door"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        """Let in one of the facility's own people: a visitor without a unit, whom no overlock shuts out."""
        self.facility.add_by_hand(code=code, name=name, unit=None, is_tenant=False, opens=door)

    def add_on_unit_by_hand(
        self, code: str, door: TargetId, *, is_tenant: bool, name: str = "Somebody Else"
    ) -> Visitor:
        unit = self._unit_at(door)
        return self.facility.add_by_hand(code=code, name=name, unit=unit, is_tenant=is_tenant, opens=None)

    def by_hand(self) -> Any:
        return [
            (one.id, one.unit, one.name, one.code, one.is_tenant, one.time_group, one.email, one.phone)
            for one in self.facility.visitors.values()
            if one.by_hand
        ]

    def rename_made(self, name: str) -> None:
        for visitor in self.facility.visitors.values():
            if not visitor.by_hand:
                visitor.first_name, _, visitor.last_name = name.partition(" ")

    def fill(self) -> bool:
        return False

    def crowd(self, people: int) -> None:
        for number in range(people):
            unit = self.facility.add_unit(f"Z-{number:04}")
            code, name = f"9{number:06}", f"Crowd {number}"
            self.facility.add_by_hand(code=code, name=name, unit=unit, is_tenant=True, opens=None)

    def _unit_at(self, door: TargetId) -> Unit:
        units = self.facility.units.values()
        return next(unit for unit in units if door in {unit.number, str(unit.id)})

    def _routes(self) -> list[Route]:
        api = f"/facilities/{FACILITY}"
        return [
            Route("/auth/token", self._sign_in, methods=["POST"]),
            Route(api, self._guarded(self._show_facility)),
            Route(f"{api}/units", self._guarded(self._list_units)),
            Route(f"{api}/timegroups", self._guarded(_lists(TIME_GROUPS))),
            Route(f"{api}/accessprofiles", self._guarded(_lists(ACCESS_PROFILES))),
            Route(f"{api}/visitors", self._guarded(self._list_visitors)),
            Route(f"{api}/visitors", self._guarded(self._move_in), methods=["POST"]),
            Route(f"{api}/units/{{unit:int}}/visitors", self._guarded(self._list_visitors)),
            Route(f"{api}/visitors/{{visitor:int}}/update", self._guarded(self._update), methods=["POST"]),
            Route(f"{api}/visitors/{{visitor:int}}/remove", self._guarded(self._remove), methods=["POST"]),
            Route(f"{api}/units/{{unit:int}}/{{verb:str}}", self._guarded(self._turn), methods=["POST"]),
        ]

    async def _sign_in(self, request: Request) -> Response:
        if request.headers["host"].partition(".")[0] != "auth":
            return Response(status_code=404)
        form = dict(parse_qsl((await request.body()).decode()))
        if form != {"grant_type": "password", **KEYS}:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.signed_in += 1
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._clock.now() + timedelta(seconds=TOKEN_SECONDS)
        return JSONResponse(
            {"resource": "cia", "token_type": "bearer", "access_token": token, "expires_in": TOKEN_SECONDS}
        )

    def _guarded(self, serve: Serve) -> Serve:
        async def guarded(request: Request) -> Response:
            barred = await self._barred(request)
            if barred is not None:
                return barred
            try:
                return await serve(request)
            except Refused as refused:
                return JSONResponse({"message": "The request is invalid.", "reasons": [str(refused)]}, 400)
            except Missing:
                return Response(status_code=404)

        return guarded

    async def _barred(self, request: Request) -> Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.headers["host"].partition(".")[0] != "accesscontrol":
            return Response(status_code=404)
        if self._tokens.get(token, self._clock.now()) <= self._clock.now():
            return Response(status_code=401)
        if request.headers.get("api-version") != "2.0":
            return JSONResponse({"message": "Unsupported API version."}, 400)
        if await request.body() and request.headers.get("content-type") not in _JSON:
            return Response(status_code=415)
        return None

    async def _show_facility(self, request: Request) -> Response:
        del request
        return JSONResponse({"id": int(FACILITY), "name": "Lakeside"})

    async def _list_units(self, request: Request) -> Response:
        del request
        units = self.facility.units.values()
        return JSONResponse([{"id": self._id(u.id), "unitNumber": u.number, "status": u.status} for u in units])

    async def _list_visitors(self, request: Request) -> Response:
        everybody = list(self.facility.visitors.values())
        if "unit" in request.path_params:
            everybody = self.facility.visitors_of(self.facility.unit(request.path_params["unit"]))
        return JSONResponse([self._shown(visitor) for visitor in everybody])

    async def _move_in(self, request: Request) -> Response:
        visitor = self.facility.move_in(await request.json())
        told = {"id": self._id(visitor.id), "name": visitor.name}
        return JSONResponse(told if self.facility.quirks.id_at_top else {"visitor": told})

    async def _update(self, request: Request) -> Response:
        self.facility.update(request.path_params["visitor"], await request.json())
        return JSONResponse({})

    async def _remove(self, request: Request) -> Response:
        self.facility.remove(request.path_params["visitor"])
        return Response()

    async def _turn(self, request: Request) -> Response:
        facility, unit = self.facility, self.facility.unit(request.path_params["unit"])
        verbs = {"disable": facility.disable, "enable": facility.enable, "vacate": facility.vacate}
        if request.path_params["verb"] not in verbs:
            raise Missing
        verbs[request.path_params["verb"]](unit)
        return Response()

    def _id(self, number: int | None) -> int | str | None:
        return str(number) if number is not None and self.facility.quirks.text_ids else number

    def _shown(self, visitor: Visitor) -> Mapping[str, Any]:
        unit = self.facility.units.get(visitor.unit or 0)
        return {
            "id": self._id(visitor.id),
            "name": visitor.name,
            "unitId": self._id(visitor.unit),
            "unitNumber": None if unit is None else unit.number,
            "isTenant": visitor.is_tenant,
            "isPortalVisitor": False,
            "code": visitor.code,
            "timeGroupName": TIME_GROUPS[visitor.time_group],
            "accessProfileName": ACCESS_PROFILES[visitor.access_profile],
            "mobilePhoneNumber": visitor.phone,
            "email": visitor.email,
        }


def _lists(named: Mapping[int, str]) -> Serve:
    async def listed(request: Request) -> Response:
        del request
        return JSONResponse([{"id": id_, "name": name} for id_, name in named.items()])

    return listed
