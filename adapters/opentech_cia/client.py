"""CIA's API as calls with types; errors become the bridge's own here, once."""

from collections.abc import Collection, Mapping
from copy import copy
from typing import Any, Final

from adapters.opentech_cia.mapping import refusal
from adapters.opentech_cia.options import CiaOptions
from adapters.opentech_cia.people import Profile
from adapters.opentech_cia.wire import (
    WireFacility,
    WireNamed,
    WireToken,
    WireUnit,
    WireVisitor,
    new_visitor_id,
    read_list,
)
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    Answer,
    BridgeError,
    GateCode,
    NotYetConsistent,
    TemporaryError,
    Tenant,
    Token,
    TokenAuth,
    Unauthorized,
    blotted,
    call,
    private_words,
    read_as,
)

API_VERSION: Final = "2.0"
REFUSED: Final = 400
NOT_FOUND: Final = 404
MAX_ERROR: Final = 500
_SIGN_IN_REFUSED: Final = frozenset({400, 401, 403})


class SignIn:
    """Asks the account's host for a token. There is none to refresh: one asks again."""

    def __init__(self, options: CiaOptions, context: AdapterContext) -> None:
        self._options = options
        self._client = context.client_for(options.auth_base)

    async def __call__(self) -> Token:
        options = self._options
        form = {
            "grant_type": "password",
            "username": options.api_key.reveal(),
            "password": options.api_secret.reveal(),
            "client_id": options.client_id.reveal(),
            "client_secret": options.client_secret.reveal(),
        }
        answer = await call(self._client, "POST", "auth/token", form=form, accept=_SIGN_IN_REFUSED, is_read=True)
        if answer.status in _SIGN_IN_REFUSED:
            # Its text is not repeated: what was sent is all secret.
            raise Unauthorized(f"CIA refused the key or the client at sign-in ({answer.status})")
        token = read_as(WireToken, answer.body, "sign-in")
        return Token(value=token.access_token, seconds=token.expires_in)


class CiaClient:
    """One facility at CIA."""

    def __init__(self, options: CiaOptions, context: AdapterContext) -> None:
        self._options = options
        self._client = context.client_for(options.access_base)
        self._client.auth = TokenAuth(SignIn(options, context))
        self._root = f"facilities/{options.facility}"
        self._private: Collection[str] = ()

    def discreet(self, tenant: Tenant) -> "CiaClient":
        """Return the same client, whose errors do not name this tenant, whatever CIA says."""
        client = copy(self)
        client._private = private_words(tenant)  # noqa: SLF001 - its own copy
        return client

    async def facility(self) -> WireFacility:
        return read_as(WireFacility, await self._read(""), "facility")

    async def units(self) -> dict[str, WireUnit]:
        """Return all units of the facility, by id."""
        listed = read_list(WireUnit, await self._read("/units"), "units")
        return {unit.key: unit for unit in listed}

    async def time_groups(self) -> list[WireNamed]:
        return read_list(WireNamed, await self._read("/timegroups"), "time groups")

    async def access_profiles(self) -> list[WireNamed]:
        return read_list(WireNamed, await self._read("/accessprofiles"), "access profiles")

    async def visitors(self) -> list[WireVisitor]:
        """Return everybody at the facility."""
        return read_list(WireVisitor, await self._read("/visitors"), "visitors")

    async def visitors_of(self, unit: WireUnit) -> list[WireVisitor]:
        listed = read_list(WireVisitor, await self._read(f"/units/{unit.key}/visitors"), "a unit's visitors")
        if any(visitor.unit_key != unit.key for visitor in listed):
            raise Anomaly("a unit's visitors: CIA listed others than were asked for")
        return listed

    async def move_in(
        self, unit: WireUnit, profile: Profile, code: GateCode, time_group: WireNamed, access_profile: WireNamed
    ) -> int | str:
        """Make a tenant visitor on the unit and return its id. Raises `Conflict` where CIA says so of the code."""
        body = _body(unit.id, profile, code, time_group, access_profile)
        return new_visitor_id(await self._write("/visitors", body))

    async def update(
        self, visitor: WireVisitor, profile: Profile, code: GateCode, time_group: WireNamed, access_profile: WireNamed
    ) -> None:
        """Send all that a visitor is again: CIA takes no part alone."""
        body = _body(visitor.unit_id, profile, code, time_group, access_profile)
        await self._write(f"/visitors/{visitor.key}/update", body)

    async def remove(self, visitor: WireVisitor) -> None:
        await self._write(f"/visitors/{visitor.key}/remove")

    async def disable(self, unit: WireUnit) -> None:
        await self._write(f"/units/{unit.key}/disable")

    async def enable(self, unit: WireUnit) -> None:
        await self._write(f"/units/{unit.key}/enable")

    async def vacate(self, unit: WireUnit) -> None:
        """Make the unit vacant: all its visitors are removed, whoever made them."""
        await self._write(f"/units/{unit.key}/vacate")

    async def _read(self, path: str) -> Any:
        return (await self._call("GET", path)).body

    async def _write(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = await self._call("POST", path, body, accept={REFUSED, NOT_FOUND})
        if answer.status == NOT_FOUND:
            raise NotYetConsistent("what CIA has just listed is not there or not visible any more")
        if answer.status == REFUSED:
            raise refusal(answer.body, self._private, self._options.conflict_words)
        return answer.body

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, accept: Collection[int] = ()
    ) -> Answer:
        headers = {"api-version": API_VERSION}
        if body is not None:
            headers["Content-Type"] = self._options.body_type
        try:
            return await call(self._client, method, self._root + path, json=body, headers=headers, accept=accept)
        except TemporaryError as error:
            raise type(error)(self._blotted(error), retry_after=error.retry_after) from None
        except BridgeError as error:
            raise type(error)(self._blotted(error)) from None

    def _blotted(self, error: BridgeError) -> str:
        return blotted(str(error), self._private, MAX_ERROR)


def _body(
    unit: int | str | None, profile: Profile, code: GateCode, time_group: WireNamed, access_profile: WireNamed
) -> Mapping[str, Any]:
    return {
        "timeGroupId": time_group.id,
        "accessProfileId": access_profile.id,
        "unitId": unit,
        "accessCode": code.reveal(),
        "firstName": profile.first_name,
        "lastName": profile.last_name,
        "email": profile.email,
        "mobilePhoneNumber": profile.phone,
        "isTenant": True,
        "extendedData": {},
        "suppressCommands": False,
    }
