"""Seam's calls about one access system: POST with JSON, documented fields only, errors in Seam's form."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapters.seam_acs.simulation.forms import Body, Refusal, page, required
from adapters.seam_acs.simulation.shown import (
    shown_credential,
    shown_group,
    shown_identity,
    shown_system,
    shown_user,
)
from adapters.seam_acs.simulation.system import Credential, Identity, System, User

MAX_PTI_CODE: Final = 4_294_967_295


class SeamApi:
    """One workspace. `system_id` is its only access system."""

    def __init__(self, system: System, *, key: str, system_id: str) -> None:
        self._system = system
        self._key = key
        self._id = system_id
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        handler = ROUTES.get(request.url.path)
        if handler is None:
            return PlainTextResponse("404", status_code=404)
        try:
            call, fields = handler
            body = self._admitted(request.headers.get("authorization"), json.loads(await request.body()), fields)
            self._system.catch_up()
            return JSONResponse({**call(self, body), "ok": True})
        except Refusal as no:
            error = {"type": no.type, "message": no.message}
            return JSONResponse({"error": error, "ok": False}, no.status, headers={"seam-request-id": "r-1"})

    def _admitted(self, authorization: str | None, body: Any, fields: Collection[str]) -> Body:
        if authorization != f"Bearer {self._key}":
            raise Refusal(401, "unauthorized", "Invalid API key")
        if not isinstance(body, dict) or not set(body) <= set(fields):
            raise Refusal(400, "invalid_input", "The body is not as documented")
        return body

    def systems_get(self, body: Body) -> Body:
        self._check_system(body)
        return {"acs_system": shown_system(self._system, self._id)}

    def groups_list(self, body: Body) -> Body:
        groups = list(self._system.groups.values())
        if "acs_system_id" in body:
            self._check_system(body)
        if "acs_user_id" in body:
            groups = [self._system.groups[id_] for id_ in self._user(body).groups]
        return {"acs_access_groups": [shown_group(group, self._id) for group in groups]}

    def users_list(self, body: Body) -> Body:
        self._check_system(body)
        listed = [user for user in self._system.users.values() if user.is_managed]
        if "user_identity_id" in body:
            listed = [user for user in listed if user.identity == body["user_identity_id"]]
        return page("acs_users", [shown_user(self._system, user, self._id) for user in listed], body)

    def users_get(self, body: Body) -> Body:
        return {"acs_user": shown_user(self._system, self._user(body), self._id)}

    def users_create(self, body: Body) -> Body:
        self._check_system(body)
        identity = body.get("user_identity_id")
        if identity is not None and identity not in self._system.identities:
            raise Refusal(404, "user_identity_not_found", "User identity not found")
        user = User(
            id=self._system.new_id("user"),
            name=required(body, "full_name"),
            identity=identity,
            at=self._system.now(),
            email=body.get("email_address"),
            phone=body.get("phone_number"),
            error="salto_ks_subscription_limit_exceeded" if self._system.is_full else None,
        )
        self._system.users[user.id] = user
        self._system.touch(user.id)
        return {"acs_user": shown_user(self._system, user, self._id)}

    def users_update(self, body: Body) -> Body:
        user = self._user(body)
        user.name = body.get("full_name", user.name)
        user.email = body.get("email_address", user.email)
        user.phone = body.get("phone_number", user.phone)
        return {}

    def users_delete(self, body: Body) -> Body:
        user = self._user(body)
        user.deleted = True
        self._system.touch(user.id)
        return {}

    def users_suspend(self, body: Body) -> Body:
        return self._set_suspended(body, suspended=True)

    def users_unsuspend(self, body: Body) -> Body:
        return self._set_suspended(body, suspended=False)

    def users_join(self, body: Body) -> Body:
        user, group = self._user(body), self._group(body)
        user.groups.append(group)
        self._system.touch(user.id)
        return {}

    def users_leave(self, body: Body) -> Body:
        user, group = self._user(body), self._group(body)
        if group not in user.groups:
            raise Refusal(404, "acs_access_group_not_found", "The user is not in this group")
        user.groups.remove(group)
        self._system.touch(user.id)
        return {}

    def credentials_list(self, body: Body) -> Body:
        listed = [one for one in self._system.credentials.values() if one.is_managed]
        if "acs_user_id" in body:
            listed = [one for one in listed if one.user == body["acs_user_id"]]
        if "search" in body:
            listed = [one for one in listed if body["search"] in one.code]
        return page("acs_credentials", [shown_credential(self._system, one, self._id) for one in listed], body)

    def credentials_unmanaged(self, body: Body) -> Body:
        self._check_system(body)
        listed = [one for one in self._system.credentials.values() if not one.is_managed]
        return {"acs_credentials": [shown_credential(self._system, one, self._id) for one in listed]}

    def credentials_create(self, body: Body) -> Body:
        user = self._user(body)
        if required(body, "access_method") != "code":
            raise Refusal(400, "invalid_input", "access_method is not supported here")
        if self._system.brand.one_code_each and self._system.codes_of(user.id):
            raise Refusal(400, "invalid_input", "The user has a credential already")
        credential = Credential(id=self._system.new_id("cred"), user=user.id, code=self._code(body))
        self._system.credentials[credential.id] = credential
        self._system.touch(user.id)
        return {"acs_credential": shown_credential(self._system, credential, self._id, is_new=True)}

    def credentials_update(self, body: Body) -> Body:
        credential = self._credential(body)
        if "code" in body:
            credential.code = self._code(body, of=credential)
        self._system.touch(credential.user)
        return {"acs_credential": shown_credential(self._system, credential, self._id, is_new=True)}

    def credentials_delete(self, body: Body) -> Body:
        credential = self._credential(body)
        credential.deleted = True
        self._system.touch(credential.user)
        return {}

    def identities_get(self, body: Body) -> Body:
        found = [one for one in self._system.identities.values() if one.key == body.get("user_identity_key")]
        if not found:
            raise Refusal(404, "user_identity_not_found", "User identity not found")
        return {"user_identity": shown_identity(found[0])}

    def identities_create(self, body: Body) -> Body:
        key = body.get("user_identity_key")
        if any(one.key == key for one in self._system.identities.values()):
            raise Refusal(409, "user_identity_key_taken", "The key is in use")
        identity = Identity(id=self._system.new_id("ident"), key=key)
        self._system.identities[identity.id] = identity
        return {"user_identity": shown_identity(identity)}

    def identities_delete(self, body: Body) -> Body:
        if body.get("user_identity_id") not in self._system.identities:
            raise Refusal(404, "user_identity_not_found", "User identity not found")
        del self._system.identities[body["user_identity_id"]]
        for user in [user for user in self._system.users.values() if user.identity == body["user_identity_id"]]:
            self.users_delete({"acs_user_id": user.id})
        return {}

    def _set_suspended(self, body: Body, *, suspended: bool) -> Body:
        user = self._user(body)
        user.suspended = suspended
        self._system.touch(user.id)
        return {}

    def _code(self, body: Body, of: Credential | None = None) -> str:
        """Return the code to set; what the system will not have is refused, without a word that says why."""
        brand, code = self._system.brand, body.get("code")
        if brand.makes_codes:
            if code is not None:
                raise Refusal(400, "invalid_input", "This system makes the codes")
            return self._system.a_code()
        if not isinstance(code, str) or not code.isdigit():
            raise Refusal(400, "invalid_input", "code must be digits")
        if brand.is_code_a_number:
            code = str(int(code))
            if not 1 <= int(code) <= MAX_PTI_CODE:
                raise Refusal(400, "invalid_input", "code is out of range")
        if self._system.holders(code) - {of.user if of is not None else None}:
            raise Refusal(400, "invalid_input", "The system did not take it")
        return code

    def _check_system(self, body: Body) -> None:
        if body.get("acs_system_id") != self._id:
            raise Refusal(404, "acs_system_not_found", "Access system not found")

    def _user(self, body: Body) -> User:
        user = self._system.users.get(required(body, "acs_user_id"))
        if user is None:
            raise Refusal(404, "acs_user_not_found", "Access control user not found")
        return user

    def _group(self, body: Body) -> str:
        id_ = required(body, "acs_access_group_id")
        if id_ not in self._system.groups:
            raise Refusal(404, "acs_access_group_not_found", "Access control group not found")
        return id_

    def _credential(self, body: Body) -> Credential:
        credential = self._system.credentials.get(required(body, "acs_credential_id"))
        if credential is None:
            raise Refusal(404, "acs_credential_not_found", "Credential not found")
        return credential


_PROFILE: Final = ("full_name", "email_address", "phone_number")
_PAGES: Final = ("limit", "page_cursor", "search")
_MEMBER: Final = ("acs_user_id", "acs_access_group_id")
ROUTES: Final[Mapping[str, tuple[Callable[[SeamApi, Body], Body], tuple[str, ...]]]] = {
    "/acs/systems/get": (SeamApi.systems_get, ("acs_system_id",)),
    "/acs/access_groups/list": (SeamApi.groups_list, ("acs_system_id", "acs_user_id", "user_identity_id")),
    "/acs/users/list": (SeamApi.users_list, ("acs_system_id", "user_identity_id", *_PAGES)),
    "/acs/users/get": (SeamApi.users_get, ("acs_user_id", "acs_system_id", "user_identity_id")),
    "/acs/users/create": (SeamApi.users_create, ("acs_system_id", "user_identity_id", *_PROFILE)),
    "/acs/users/update": (SeamApi.users_update, ("acs_user_id", *_PROFILE)),
    "/acs/users/delete": (SeamApi.users_delete, ("acs_user_id",)),
    "/acs/users/suspend": (SeamApi.users_suspend, ("acs_user_id",)),
    "/acs/users/unsuspend": (SeamApi.users_unsuspend, ("acs_user_id",)),
    "/acs/users/add_to_access_group": (SeamApi.users_join, _MEMBER),
    "/acs/users/remove_from_access_group": (SeamApi.users_leave, _MEMBER),
    "/acs/credentials/list": (SeamApi.credentials_list, ("acs_system_id", "acs_user_id", *_PAGES)),
    "/acs/credentials/unmanaged/list": (SeamApi.credentials_unmanaged, ("acs_system_id", "acs_user_id")),
    "/acs/credentials/create": (SeamApi.credentials_create, ("acs_user_id", "access_method", "code")),
    "/acs/credentials/update": (SeamApi.credentials_update, ("acs_credential_id", "code", "ends_at")),
    "/acs/credentials/delete": (SeamApi.credentials_delete, ("acs_credential_id",)),
    "/user_identities/get": (SeamApi.identities_get, ("user_identity_id", "user_identity_key")),
    "/user_identities/create": (SeamApi.identities_create, ("user_identity_key", *_PROFILE)),
    "/user_identities/delete": (SeamApi.identities_delete, ("user_identity_id",)),
}
