"""The controller's own API, as its maker would offer it to integrators.

Every answer is `{"ok", "site", ...}`; refusals of the business kind come with HTTP 200 and `"ok": false`. People are
listed in pages: the next one begins `after` the last id, while `more` is true. Nothing but a code must be unique: who
posts the same external key twice has two people.

::

    GET    /                             how many people, which targets, and the controller's kind
    GET    /people                       ?external_key= and ?after= an id
    POST   /people                       name, external_key, email, phone, and code unless the controller makes them
    GET    /people/{id}
    PATCH  /people/{id}                  any of name, email, phone, suspended, and code, or new_code: true
    DELETE /people/{id}
    PUT    /people/{id}/access/{target}  state: active or suspended
    DELETE /people/{id}/access/{target}

A controller that makes the codes (see `kind`) takes none: it answers the one it made to POST, and to a PATCH with
`new_code`, and where it masks codes never again. One that suspends people only refuses the state `suspended`. What its
kind cannot do is refused as `unsupported`. An empty e-mail or phone is none.
"""

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bridge.sandbox.gate.bodies import optional_flag_at, optional_text_at, read_object, text_at
from bridge.sandbox.gate.kind import Codes, Suspends
from bridge.sandbox.gate.people import MAX_TEXT, Controller, Edit, EntryState, GatePerson, Site
from bridge.sandbox.gate.refusals import GateRefused, Refusal
from bridge.sandbox.gate.traffic import REHEARSAL

MASK: Final = "******"


class VendorApi:
    """The endpoints below `/v1/sites/{site}`. With `takes_any_code`, a controller that makes codes takes one too."""

    def __init__(self, controller: Controller, *, page_size: int, takes_any_code: bool = False) -> None:
        self._controller = controller
        self._page_size = page_size
        self._takes_any_code = takes_any_code

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/", self.about, methods=["GET"]),
            Route("/people", self.list_people, methods=["GET"]),
            Route("/people", self.add_person, methods=["POST"]),
            Route("/people/{person:int}", self.show_person, methods=["GET"]),
            Route("/people/{person:int}", self.edit_person, methods=["PATCH"]),
            Route("/people/{person:int}", self.remove_person, methods=["DELETE"]),
            Route("/people/{person:int}/access/{target:path}", self.let, methods=["PUT"]),
            Route("/people/{person:int}/access/{target:path}", self.forbid, methods=["DELETE"]),
        ]

    async def about(self, request: Request) -> Response:
        site = self._site(request)
        kind = self._controller.kind.model_dump(mode="json")
        return self._result(site, {"people": len(site.people), "targets": sorted(site.targets), "kind": kind})

    async def list_people(self, request: Request) -> Response:
        site, key = self._site(request), request.query_params.get("external_key")
        after = _after(request.query_params.get("after", "0"))
        found = [p for p in site.people if p.id > after and (key is None or p.external_key == key)]
        page = [self._shown(person) for person in found[: self._page_size]]
        return self._result(site, {"people": page, "more": len(found) > self._page_size})

    async def add_person(self, request: Request) -> Response:
        body = await read_object(request)
        site, key = self._site(request), optional_text_at(body, "external_key")
        if key is not None and not 0 < len(key) <= MAX_TEXT:
            raise GateRefused(Refusal.BAD_REQUEST, "external_key is empty or too long")
        code = self._code_in(body)
        if code is None and self._controller.kind.codes is Codes.GIVEN:
            raise GateRefused(Refusal.BAD_REQUEST, "code is missing")
        email, phone = optional_text_at(body, "email") or "", optional_text_at(body, "phone") or ""
        person = site.add(external_key=key, name=text_at(body, "name"), code=code, email=email, phone=phone)
        return self._result(site, _told(person, with_code=code is None))

    async def show_person(self, request: Request) -> Response:
        site = self._site(request)
        return self._result(site, {"person": self._shown(site.person(request.path_params["person"]))})

    async def edit_person(self, request: Request) -> Response:
        body = await read_object(request)
        edit = Edit(
            name=optional_text_at(body, "name"),
            code=self._code_in(body),
            new_code=optional_flag_at(body, "new_code") or False,
            email=optional_text_at(body, "email"),
            phone=optional_text_at(body, "phone"),
            suspended=optional_flag_at(body, "suspended"),
        )
        if edit.new_code and edit.code is not None:
            raise GateRefused(Refusal.BAD_REQUEST, "code and new_code exclude each other")
        if edit.new_code and self._controller.kind.codes is Codes.GIVEN:
            raise GateRefused(Refusal.UNSUPPORTED, "this controller makes no codes")
        site = self._site(request)
        person = site.edit(request.path_params["person"], edit)
        return self._result(site, _told(person, with_code=edit.new_code))

    async def remove_person(self, request: Request) -> Response:
        site, id_ = self._site(request), request.path_params["person"]
        site.remove(id_)
        return self._result(site, {"id": id_})

    async def let(self, request: Request) -> Response:
        body = await read_object(request)
        site, target = self._site(request), _target(request)
        try:
            state = EntryState(text_at(body, "state"))
        except ValueError:
            raise GateRefused(Refusal.BAD_REQUEST, "state is active or suspended") from None
        if state is EntryState.SUSPENDED and self._controller.kind.suspends is Suspends.PERSON:
            raise GateRefused(Refusal.UNSUPPORTED, "this controller suspends people, not entries")
        others = [one for one in site.people if target in one.access and one.id != request.path_params["person"]]
        if self._controller.kind.one_occupant and others:
            raise GateRefused(Refusal.OCCUPIED, "the target is somebody else's")
        site.let(request.path_params["person"], target, state)
        return self._result(site, {"target": target, "state": state})

    async def forbid(self, request: Request) -> Response:
        site, target = self._site(request), _target(request)
        site.forbid(request.path_params["person"], target)
        return self._result(site, {"target": target})

    def _site(self, request: Request) -> Site:
        site = self._controller.site(request.path_params["site"])
        return site.rehearsal() if request.scope.get(REHEARSAL) else site

    def _code_in(self, body: dict[str, Any]) -> str | None:
        code = optional_text_at(body, "code")
        if code is not None and self._controller.kind.codes is Codes.MADE and not self._takes_any_code:
            raise GateRefused(Refusal.UNSUPPORTED, "this controller makes the codes itself")
        return code

    def _shown(self, person: GatePerson) -> dict[str, Any]:
        return shown(person, code=person.code.reveal() if self._controller.kind.shows_codes else MASK)

    def _result(self, site: Site, result: dict[str, Any]) -> Response:
        return JSONResponse({"ok": True, "site": site.name, "result": result})


def shown(person: GatePerson, *, code: str) -> dict[str, Any]:
    return {
        "id": person.id,
        "external_key": person.external_key,
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "suspended": person.suspended,
        "code": code,
        "access": [{"target": target, "state": state} for target, state in sorted(person.access.items())],
    }


def _told(person: GatePerson, *, with_code: bool) -> dict[str, Any]:
    return {"id": person.id, "code": person.code.reveal()} if with_code else {"id": person.id}


async def refused(_: Request, error: Exception) -> Response:
    """Turn a refusal into its answer."""
    if not isinstance(error, GateRefused):
        raise error
    return JSONResponse({"ok": False, "error": {"code": error.refusal, "text": error.text}})


def _target(request: Request) -> str:
    target: str = request.path_params["target"]
    if not 0 < len(target) <= MAX_TEXT:
        raise GateRefused(Refusal.BAD_REQUEST, "the target's name is empty or too long")
    return target


def _after(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < MAX_TEXT):
        raise GateRefused(Refusal.BAD_REQUEST, "after must be an id")
    return int(text)
