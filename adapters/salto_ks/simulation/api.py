"""The Connect API and the identity host over HTTP."""

from base64 import b64decode
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.salto_ks.simulation.face import CLIENT_ID, PASSWORD, SECRET, USERNAME, Face
from adapters.salto_ks.simulation.site import ROLES, SITE_ID, SITE_UID, Group, Site, Somebody
from bridge.testing.simulation import SimulatedClock

PROFILE: Final = ("alias", "first_name", "last_name")
SWITCHES: Final = ("use_pin", "blocked")
SITE: Final = {"id": SITE_ID, "site_uid": SITE_UID, "customer_reference": "Lakeside"}
HEADER: Final = "CLP-disable-odata-v3-conversion"


class Denied(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = JSONResponse({"ErrorCode": code, "Message": message}, status)


class Token(NamedTuple):
    text: str
    until: datetime


Handler = Callable[[Request], Awaitable[Response]]


class Api:
    def __init__(self, site: Site, face: Face, clock: SimulatedClock) -> None:
        self._site = site
        self._face = face
        self._clock = clock
        self._token: Token | None = None
        self._numbers = count(1)

    @property
    def app(self) -> ASGIApp:
        site = "/v1.2/sites/{site}"
        routes = [
            Route("/connect/token", self.sign_in, methods=["POST"]),
            Route("/v2/{rest:path}", _forbidden),
            self._route("/v1.1/sites", "GET", self.find_site),
            self._route("/v1.2/sites", "GET", self.sites),
            self._route(f"{site}/roles", "GET", self.roles),
            self._route(f"{site}/access_groups", "GET", self.groups),
            self._route("/v1.1/sites/{site}/access_groups/{group}/users", "GET", self.members),
            self._route(f"{site}/access_groups/{{group}}/users", "POST", self.let_in),
            self._route(f"{site}/access_groups/{{group}}/users/{{user}}", "DELETE", self.let_out),
            self._route(f"{site}/users", "GET", self.users),
            self._route(f"{site}/users", "POST", self.add),
            self._route(f"{site}/users/{{id}}", "PATCH", self.edit),
            self._route(f"{site}/users/{{id}}", "DELETE", self.remove),
            self._route(f"{site}/users/{{id}}/pin", "PUT", self.make_pin),
            self._route(f"{site}/users/{{id}}/keys", "GET", self.keys),
            self._route(f"{site}/users/{{id}}/subscription", "PATCH", self.subscription),
        ]
        return Starlette(routes=routes)

    async def sign_in(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        basic = b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if basic != f"{CLIENT_ID}:{SECRET}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "password" or form.get("scope") != "user_api.full_access":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if (form.get("username"), form.get("password")) != (USERNAME, PASSWORD):
            return JSONResponse({"error": "invalid_grant", "error_description": form.get("username")}, 400)
        seconds = self._face.token_seconds
        until = self._clock.now() + timedelta(seconds=seconds)
        self._token = Token(f"token-{next(self._numbers)}", until)
        return JSONResponse({"access_token": self._token.text, "expires_in": seconds, "token_type": "Bearer"})

    async def find_site(self, request: Request) -> Response:
        is_ours = request.query_params.get("$filter") == f"site_uid eq '{SITE_UID}'"
        return JSONResponse({"items": [SITE] if is_ours else []})

    async def sites(self, request: Request) -> Response:
        return JSONResponse(self._page(request, [SITE], bare=True))

    async def roles(self, request: Request) -> Response:
        items = [{"id": id_, "customer_reference": name} for name, id_ in ROLES.items()]
        return JSONResponse(self._page(request, items))

    async def groups(self, request: Request) -> Response:
        groups = self._site.groups.values()
        items = [{"id": group.id, "customer_reference": group.customer_reference} for group in groups]
        return JSONResponse(self._page(request, items))

    async def members(self, request: Request) -> Response:
        if request.headers.get(HEADER) != "true":
            return JSONResponse({"value": []})
        shown = []
        for user, excluded in self._group(request).members.items():
            person = self._site.by_user(user)
            forms: dict[str, dict[str, Any]] = {
                "both": {"id": person.id if person else user, "user": {"id": user}},
                "user": {"id": user},
                "user_id": {"user_id": user},
            }
            shown.append({**forms[self._face.members_show], "excluded": excluded})
        return JSONResponse(self._page(request, shown))

    async def let_in(self, request: Request) -> Response:
        group, user = self._group(request), (await request.json()).get("user_id", "")
        person = self._site.by_user(user)
        if person is None:
            raise Denied(404, "2202", "User not found")
        self._deny_while_late(person)
        if user in group.members:
            raise Denied(400, "1101", "The user is in the access group already")
        group.members[user] = False
        return Response(status_code=200)

    async def let_out(self, request: Request) -> Response:
        group, user = self._group(request), request.path_params["user"]
        person = self._site.by_user(user)
        if person is None or user not in group.members:
            raise Denied(404, "2202", "User not found")
        self._deny_while_late(person)
        del group.members[user]
        return Response(status_code=200)

    async def users(self, request: Request) -> Response:
        items = [_shown(person) for person in self._site.people.values()]
        return JSONResponse(self._page(request, items, bare=self._face.bare_users))

    async def add(self, request: Request) -> Response:
        body = await request.json()
        if any(not body.get(name) for name in PROFILE) or body.get("email") == "":
            raise Denied(400, "1101", f"A field is empty in {body}")
        if not set(body.get("role_ids", ())) or not set(body["role_ids"]) <= set(ROLES.values()):
            raise Denied(400, "1101", "role_ids")
        person = self._site.add({name: body[name] for name in PROFILE})
        person.email, person.use_pin, person.blocked = body.get("email"), body["use_pin"], body["blocked"]
        return JSONResponse(_shown(person), 201)

    async def edit(self, request: Request) -> Response:
        person, body = self._person(request), await request.json()
        person.profile |= {name: body[name] for name in PROFILE if name in body}
        for name in SWITCHES:
            setattr(person, name, body.get(name, getattr(person, name)))
        return JSONResponse(_shown(person))

    async def remove(self, request: Request) -> Response:
        self._site.remove(self._person(request))
        return Response(status_code=202)

    async def make_pin(self, request: Request) -> Response:
        person = self._person(request)
        self._deny_while_late(person)
        person.pin = self._site.next_pin()
        return JSONResponse(person.pin)

    async def keys(self, request: Request) -> Response:
        person = self._person(request)
        self._deny_while_late(person)
        items = [] if person.pin is None else [{"type": "pin", "expiry_date": None}]
        return JSONResponse({"items": items})

    async def subscription(self, request: Request) -> Response:
        person, state = self._person(request), (await request.json()).get("state")
        if state not in ("subscribed", "suspended"):
            raise Denied(400, "1101", "state")
        person.subscribed = state == "subscribed" and (person.subscribed or self._site.has_seat)
        return JSONResponse(_shown(person)) if self._face.tells_new_state else Response(status_code=204)

    def _route(self, path: str, method: str, handler: Handler) -> Route:
        async def guarded(request: Request) -> Response:
            if not self._is_signed_in(request):
                return Response(status_code=401)
            if request.path_params.get("site", SITE_ID) != SITE_ID:
                return Denied(400, "1100", "Invalid site id").answer
            try:
                return await handler(request)
            except Denied as denied:
                return denied.answer

        return Route(path, guarded, methods=[method])

    def _is_signed_in(self, request: Request) -> bool:
        token = self._token
        if token is None or self._clock.now() >= token.until:
            return False
        return request.headers.get("authorization") == f"Bearer {token.text}"

    def _group(self, request: Request) -> Group:
        group = self._site.groups.get(request.path_params["group"])
        if group is None:
            raise Denied(404, "2202", "Access group not found")
        return group

    def _person(self, request: Request) -> Somebody:
        person = self._site.people.get(request.path_params["id"])
        if person is None:
            raise Denied(404, "2202", "User not found")
        return person

    def _deny_while_late(self, person: Somebody) -> None:
        if (self._clock.now() - person.made_at).total_seconds() >= self._face.late_seconds:
            return
        if int(person.id[0], 16) % 2:
            raise Denied(403, "2203", "No permission")
        raise Denied(404, "2202", "User not found")

    def _page(self, request: Request, items: Sequence[Any], *, bare: bool = False) -> Any:
        query = request.query_params
        skip, top = int(query.get("$skip", "0")), min(int(query.get("$top", "50")), self._face.page_cap)
        page = list(items[skip : skip + top])
        return page if bare else {"items": page, "next_page_link": None, "count": len(items)}


def _shown(person: Somebody) -> dict[str, Any]:
    return {
        "id": person.id,
        "user": {"id": person.user, "email": person.email},
        **person.profile,
        "subscription_state": "subscribed" if person.subscribed else "suspended",
        "use_pin": person.use_pin,
        "blocked": person.blocked,
    }


async def _forbidden(request: Request) -> Response:
    del request
    return JSONResponse({"type": "about:blank", "title": "Forbidden", "status": 403}, 403)
