"""Salto's Connect API as calls with types; errors become the bridge's own here, once."""

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from adapters.salto_ks.account import V11, V12, Account
from adapters.salto_ks.kept import Kept, Now
from adapters.salto_ks.listing import read_all
from adapters.salto_ks.mapping import NO_PERMISSION, NOT_FOUND, is_group_missing, refusal
from adapters.salto_ks.options import SaltoOptions
from adapters.salto_ks.signing_in import SignIn
from adapters.salto_ks.wire import (
    Key,
    Listed,
    Member,
    Named,
    SiteUser,
    Subscription,
    ToldState,
    WireError,
    WirePin,
    WireSite,
    read_page,
)
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    BridgeError,
    GateCode,
    NotYetConsistent,
    Tenant,
    TokenAuth,
    call,
    private_words,
    read_as,
)

REFUSED: Final = frozenset(range(400, 500)) - {408, 425, 429}
OF_THIS_MOMENT: Final = frozenset({409, 423})
"""For a read these are no refusals."""
PIN_KEY: Final = "pin"
# Without it lists of v1.1 come in another form.
HEADERS: Final[Mapping[str, Mapping[str, str]]] = {V11: {"CLP-disable-odata-v3-conversion": "true"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, or a refusal in Salto's own form (`error`) or in none."""

    status: int
    body: Any = field(repr=False)
    error: WireError | None = None

    @property
    def is_refusal(self) -> bool:
        return self.status in REFUSED


class SaltoClient:
    """One site at Salto KS."""

    def __init__(self, options: SaltoOptions, context: AdapterContext, now: Now) -> None:
        self._client = context.client_for(options.api_host)
        self._client.auth = TokenAuth(SignIn(options, context))
        self._account = Account(options)
        self._page_size = options.page_size
        self._now = now
        self._private: Collection[str] = ()

    def discreet(self, tenant: Tenant) -> "SaltoClient":
        """Return the same client, whose errors do not name this tenant, whatever Salto KS says."""
        client = copy(self)
        client._private = private_words(tenant)  # noqa: SLF001 - its own copy
        return client

    async def site(self) -> str:
        return await self._account.site(self._get)

    async def sites(self) -> list[str]:
        """Return the ids of all sites that the account sees."""
        found = await read_all(partial(self._get, f"{V12}/sites"), self._page_size, "sites", _id_of)
        return [read_as(WireSite, item, "sites").id for item in found]

    async def groups(self) -> list[Named]:
        return [read_as(Named, item, "access groups") for item in await self._list("access_groups", "access groups")]

    async def roles(self) -> list[Named]:
        return [read_as(Named, item, "roles") for item in await self._list("roles", "roles")]

    async def role(self) -> str:
        return await self._account.role(self.roles)

    async def people(self) -> list[tuple[Listed, Any]]:
        """Return everybody at the site, with their items as they came."""
        return [(read_as(Listed, item, "users"), item) for item in await self._list("users", "users")]

    async def add(self, profile: Mapping[str, str], email: str | None) -> SiteUser:
        """Make a person. At the licence's limit they are made all the same, and suspended."""
        body = {
            **profile,
            "role_ids": [await self.role()],
            "use_pin": True,
            "blocked": False,
            "override_privacy_mode": False,
            "toggle_easy_office_mode": False,
            "toggle_manual_office_mode": False,
        }
        invitation = {} if email is None else {"email": email}
        reply = await self._send("POST", await self._path("users"), json=body | invitation)
        return read_as(SiteUser, self._done(reply), "new user")

    async def edit(self, who: Kept, changes: Mapping[str, str | bool]) -> None:
        await self._of(who, "PATCH", await self._path("users", who.site_user), json=changes)

    async def subscribe(self, who: Kept, state: Subscription) -> Subscription:
        """Suspend or resume a person. Return the state that was told, UNKNOWN where none was."""
        path = await self._path("users", who.site_user, "subscription")
        body = await self._of(who, "PATCH", path, json={"state": state.value})
        return read_as(ToldState, body if isinstance(body, dict) else {}, "subscription").subscription_state

    async def remove(self, who: Kept) -> None:
        """Remove a person; one that is gone already is no error."""
        await self._of(who, "DELETE", await self._path("users", who.site_user), gone_is_done=True)

    async def make_pin(self, who: Kept) -> GateCode:
        """Have a new PIN made and return it; the one before is void."""
        path = await self._path("users", who.site_user, "pin")
        return read_as(WirePin, {"code": await self._of(who, "PUT", path, json={})}, "new PIN").code

    async def has_pin(self, who: Kept) -> bool:
        body = await self._of(who, "GET", await self._path("users", who.site_user, "keys"))
        page = read_page(body, "keys")
        return any(read_as(Key, item, "keys").type == PIN_KEY for item in page.items)

    async def is_there(self, who: Kept, *, lists_others: bool) -> bool:
        """Tell whether a person who is not listed is there by their id. Raises `NotYetConsistent` for a fresh one.

        A missing right says that somebody is gone only as long as the listing shows others: it has its admin at least.
        """
        reply = await self._send("GET", await self._path("users", who.site_user, "keys"))
        if reply.status == NOT_FOUND or (reply.error is not None and reply.error.code == NO_PERMISSION):
            if reply.error is None:
                raise self._refusal(reply)
            if who.is_fresh(self._now()):
                raise NotYetConsistent("Salto KS does not show a person whom it has just made")
            if reply.status != NOT_FOUND and not lists_others:
                raise Anomaly("Salto KS lists nobody and denies a look at the person: is the admin still site admin?")
            return False
        self._done(reply)
        return True

    async def members(self, group: str) -> list[Member] | None:
        """Return who is in an access group, or None where there is no such group, neither by its id nor listed."""
        site = await self.site()
        path = f"{V11}/sites/{site}/access_groups/{quote(group, safe='')}/users"
        missing = False

        async def ask(query: Mapping[str, str | int]) -> Any:
            nonlocal missing
            reply = await self._send("GET", path, params=query)
            missing = is_group_missing(reply.status, reply.error)
            return [] if missing else self._done(reply)

        items = await read_all(ask, self._page_size, "members", lambda item: read_as(Member, item, "members").ids)
        if missing and group.casefold() in {one.id.casefold() for one in await self.groups()}:
            raise Anomaly("Salto KS lists an access group and says that it is not there")
        return None if missing else [read_as(Member, item, "members") for item in items]

    async def let_in(self, who: Kept, group: str) -> None:
        path = await self._path("access_groups", group, "users")
        await self._of(who, "POST", path, json={"user_id": who.user})

    async def let_out(self, who: Kept, group: str) -> None:
        """Take a person out of a group; one who is not in it is no error."""
        path = await self._path("access_groups", group, "users", who.user)
        await self._of(who, "DELETE", path, gone_is_done=True)

    async def _path(self, *steps: str) -> str:
        return "/".join([f"{V12}/sites", *(quote(step, safe="") for step in (await self.site(), *steps))])

    async def _list(self, step: str, what: str) -> list[Any]:
        return await read_all(partial(self._get, await self._path(step)), self._page_size, what, _id_of)

    async def _get(self, path: str, params: Mapping[str, str | int]) -> Any:
        return self._done(await self._send("GET", path, params=params))

    async def _of(
        self, who: Kept, method: str, path: str, *, json: Mapping[str, Any] | None = None, gone_is_done: bool = False
    ) -> Any:
        """Make a call about somebody who was listed a moment ago, and return the body of the answer.

        Right after they were made, Salto KS may deny them or our right to them: `NotYetConsistent`.
        """
        reply = await self._send(method, path, json=json)
        if reply.error is None:
            return self._done(reply)
        is_denied = reply.status == NOT_FOUND or reply.error.code == NO_PERMISSION
        if is_denied and who.is_fresh(self._now()):
            raise NotYetConsistent("Salto KS does not know a person everywhere whom it has just made")
        if reply.status == NOT_FOUND:
            if gone_is_done:
                return None
            raise NotYetConsistent("Salto KS listed the person and says that they are not there")
        return self._done(reply)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> Reply:
        headers = HEADERS.get(path.partition("/")[0])
        refused = REFUSED - OF_THIS_MOMENT if method == "GET" else REFUSED
        answer = await call(self._client, method, path, json=json, params=params, headers=headers, accept=refused)
        if answer.status not in refused:
            return Reply(status=answer.status, body=answer.body)
        return Reply(status=answer.status, body=None, error=_error_in(answer.body))

    def _done(self, reply: Reply) -> Any:
        if reply.is_refusal:
            raise self._refusal(reply)
        return reply.body

    def _refusal(self, reply: Reply) -> BridgeError:
        return refusal(reply.status, reply.error, self._private)


def _error_in(body: Any) -> WireError | None:
    try:
        error = read_as(WireError, body, "refusal")
    except Anomaly:
        return None
    return error if error.code else None


def _id_of(item: Any) -> str:
    return read_as(Listed, item, "listing").id
