"""The People API of "Example Gate Co.", version 2: one person with one PIN, who may open many doors.

Sign-in: `POST /oauth/token` (client credentials), tokens of an hour. Refusals: `{"error": {"code", "message"}}`.
`GET /v2/people?external_ref=&cursor=&limit=` lists in pages; the last one has `next` null. Accounts differ: some make
the PINs themselves (`PUT .../pin` without one asks for another), some mask them, some block people instead of doors.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.generic_http.simulation.written import SECRETS, example, form_of
from bridge.sdk import TargetId
from bridge.testing.simulation import SimulatedClock

DOORS: Final = ("B-014", "B-021", "B-030")
TOKEN_SECONDS: Final = 3600
MAX_PAGE: Final = 50
MAX_NAME: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleKind:
    """What an account is like; `changes` is what its operator writes otherwise than the example."""

    makes_pins: bool = False
    masks_pins: bool = False
    tells_new_pins: bool = True
    sets_pins_later: bool = False
    """New people have no PIN until they are given one."""
    changes: str = ""


@dataclass(slots=True, kw_only=True)
class Access:
    id: str
    is_on: bool = True


@dataclass(slots=True, kw_only=True)
class Someone:
    id: str
    external_ref: str | None
    pin: str
    person: Mapping[str, Any]
    is_blocked: bool = False
    access: dict[str, Access] = field(default_factory=dict)


class Refusal(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class PeopleSimulation:
    """One account, kept in memory."""

    def __init__(self, clock: SimulatedClock, kind: PeopleKind | None = None) -> None:
        self._clock = clock
        self._kind = kind or PeopleKind()
        self._people: dict[str, Someone] = {}
        self._tokens: dict[str, datetime] = {}
        self._numbers = itertools.count(1)
        self._is_full = False
        person, access = "/v2/people/{person}", "/v2/people/{person}/access/{door:path}"
        self._app = Starlette(
            routes=[
                Route("/oauth/token", self._sign_in, methods=["POST"]),
                Route("/v2/me", self._me),
                Route("/v2/doors", self._list_doors),
                Route("/v2/people", self._list_people, methods=["GET"]),
                Route("/v2/people", self._create, methods=["POST"]),
                Route(f"{person}/pin", self._set_pin, methods=["PUT"]),
                Route(f"{person}/block", self._block, methods=["POST"]),
                Route(f"{person}/unblock", self._block, methods=["POST"]),
                Route(access, self._grant, methods=["PUT"]),
                Route(access, self._revoke, methods=["DELETE"]),
                Route(person, self._show, methods=["GET"]),
                Route(person, self._update, methods=["PATCH"]),
                Route(person, self._remove, methods=["DELETE"]),
                Route("/v2/access/{access}/{switch}", self._switch, methods=["POST"]),
            ],
            exception_handlers={Refusal: _refused},
        )

    @property
    def app(self) -> ASGIApp:
        return self._app

    @property
    def options(self) -> Mapping[str, Any]:
        return example("people", self._kind.changes)

    @property
    def doors(self) -> Sequence[TargetId]:
        return [TargetId(door) for door in DOORS]

    def opens(self, code: str, door: TargetId) -> bool:
        holders = [one for one in self._people.values() if one.pin == code != "" and not one.is_blocked]
        return any(door in one.access and one.access[door].is_on for one in holders)

    def credentials(self, door: TargetId) -> int:
        return sum(door in one.access for one in self._people.values())

    def made(self) -> int:
        return sum(one.external_ref is not None for one in self._people.values())

    def code_lives_with(self) -> str:
        return "person"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        id_ = self._next("p")
        access = {str(door): Access(id=self._next("a"))}
        self._people[id_] = Someone(id=id_, external_ref=None, pin=code, person={"name": name}, access=access)

    def by_hand(self) -> Any:
        return [asdict(one) for one in self._people.values() if one.external_ref is None]

    def rename_made(self, name: str) -> None:
        for one in self._people.values():
            one.person = {**one.person, "name": name} if one.external_ref is not None else one.person

    def fill(self) -> bool:
        self._is_full = True
        return True

    def crowd(self, people: int) -> None:
        for number in range(people):
            self.add_by_hand(f"{870000 + number}", TargetId(DOORS[number % len(DOORS)]))

    def double(self, code: str) -> None:
        """Make everybody whom the API made a second time, with another PIN."""
        for one in [one for one in self._people.values() if one.external_ref is not None]:
            access = {door: Access(id=self._next("a"), is_on=held.is_on) for door, held in one.access.items()}
            id_ = self._next("p")
            self._people[id_] = replace(one, id=id_, pin=code, access=access)

    def block_by_hand(self) -> None:
        for one in self._people.values():
            one.is_blocked = True

    async def _sign_in(self, request: Request) -> Response:
        form = await form_of(request)
        wanted = {
            "grant_type": "client_credentials",
            "client_id": SECRETS["EXAMPLE_GATE_CLIENT_ID"],
            "client_secret": SECRETS["EXAMPLE_GATE_CLIENT_SECRET"],
        }
        if any(form.get(name) != value for name, value in wanted.items()):
            return JSONResponse({"error": "invalid_client"}, 400)
        token = self._next("token")
        self._tokens[token] = self._clock.now() + timedelta(seconds=TOKEN_SECONDS)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})

    async def _me(self, request: Request) -> Response:
        self._check_token(request)
        return JSONResponse({"data": {"scopes": ["people"]}})

    async def _list_doors(self, request: Request) -> Response:
        self._check_token(request)
        return JSONResponse({"data": {"doors": [{"name": door, "label": f"Unit {door}"} for door in DOORS]}})

    async def _list_people(self, request: Request) -> Response:
        self._check_token(request)
        ref = request.query_params.get("external_ref")
        found = [one for one in self._people.values() if ref is None or one.external_ref == ref]
        start = int(request.query_params.get("cursor", "0"))
        end = start + min(int(request.query_params.get("limit", MAX_PAGE)), MAX_PAGE)
        page = [self._shown(one) for one in found[start:end]]
        return JSONResponse({"data": {"people": page}, "next": str(end) if end < len(found) else None})

    async def _show(self, request: Request) -> Response:
        return JSONResponse({"data": self._shown(self._whom(request))})

    async def _create(self, request: Request) -> Response:
        self._check_token(request)
        body = await request.json()
        if self._is_full:
            raise Refusal(422, "no_seat")
        pin = self._first_pin(body.get("pin"))
        id_ = self._next("p")
        one = Someone(id=id_, external_ref=body["external_ref"], pin=pin, person=_checked_name(body["person"]))
        self._people[id_] = one
        return JSONResponse({"data": {"id": id_, **self._told_pin(one)}}, 201)

    async def _update(self, request: Request) -> Response:
        one = self._whom(request)
        one.person = _checked_name((await request.json())["person"])
        return JSONResponse({"data": self._shown(one)})

    async def _remove(self, request: Request) -> Response:
        del self._people[self._whom(request).id]
        return Response(status_code=204)

    async def _set_pin(self, request: Request) -> Response:
        one = self._whom(request)
        given = (await request.json()).get("pin") if await request.body() else None
        one.pin = self._fresh_pin() if self._kind.makes_pins else self._checked_pin(given, of=one)
        return JSONResponse({"data": self._told_pin(one)})

    async def _grant(self, request: Request) -> Response:
        one, door = self._whom(request), request.path_params["door"]
        if door not in DOORS:
            raise Refusal(404, "no_such_door")
        access = one.access.setdefault(door, Access(id=self._next("a")))
        return JSONResponse({"data": {"id": access.id}})

    async def _revoke(self, request: Request) -> Response:
        if self._whom(request).access.pop(request.path_params["door"], None) is None:
            raise Refusal(404, "no_such_access")
        return Response(status_code=204)

    async def _switch(self, request: Request) -> Response:
        self._check_token(request)
        wanted = request.path_params["switch"] == "on"
        for one in self._people.values():
            for access in one.access.values():
                if access.id == request.path_params["access"]:
                    if access.is_on is wanted:
                        raise Refusal(409, "already_on" if wanted else "already_off")
                    access.is_on = wanted
                    return JSONResponse({"data": {"id": access.id}})
        raise Refusal(404, "no_such_access")

    async def _block(self, request: Request) -> Response:
        one, wanted = self._whom(request), request.url.path.endswith("/block")
        if one.is_blocked is wanted:
            raise Refusal(409, "already_so")
        one.is_blocked = wanted
        return JSONResponse({"data": {"id": one.id}})

    def _check_token(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, self._clock.now()) <= self._clock.now():
            raise Refusal(401, "token")

    def _whom(self, request: Request) -> Someone:
        self._check_token(request)
        one = self._people.get(request.path_params["person"])
        if one is None:
            raise Refusal(404, "no_such_person")
        return one

    def _shown(self, one: Someone) -> dict[str, Any]:
        access = [{"id": a.id, "door": {"name": door}, "on": a.is_on} for door, a in one.access.items()]
        return {
            "id": one.id,
            "external_ref": one.external_ref,
            "pin": "****" if self._kind.masks_pins else one.pin,
            "status": "blocked" if one.is_blocked else "active",
            "access": access,
            **one.person,
        }

    def _told_pin(self, one: Someone) -> dict[str, str]:
        return {"pin": one.pin} if self._kind.makes_pins and self._kind.tells_new_pins else {}

    def _first_pin(self, given: Any) -> str:
        if self._kind.makes_pins:
            return self._fresh_pin()
        return "" if self._kind.sets_pins_later else self._checked_pin(given)

    def _checked_pin(self, pin: Any, of: Someone | None = None) -> str:
        if not isinstance(pin, str) or not pin.isdigit() or not 4 <= len(pin) <= 8:  # noqa: PLR2004 - the API's rule
            raise Refusal(422, "bad_pin")
        if any(one.pin == pin for one in self._people.values() if one is not of):
            raise Refusal(409, "pin_taken")
        return pin

    def _fresh_pin(self) -> str:
        return f"{310000 + 7 * next(self._numbers)}"

    def _next(self, what: str) -> str:
        return f"{what}-{next(self._numbers)}"


def _checked_name(person: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(person.get("name"), str) or not 0 < len(person["name"]) <= MAX_NAME:
        raise Refusal(422, "bad_name")
    return person


async def _refused(request: Request, refusal: Exception) -> Response:
    del request
    assert isinstance(refusal, Refusal)  # noqa: S101 - Starlette hands over what the table says
    return JSONResponse({"error": {"code": refusal.code, "message": refusal.code}}, refusal.status)
