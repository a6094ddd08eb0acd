"""Seam's calls about one access system, with types. Its errors are the bridge's own when they come from `AcsRpc`."""

from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from typing import Any, Final, TypeVar

from adapters.seam.rpc import SeamRpc
from adapters.seam_acs.options import AccessSystemOptions
from adapters.seam_acs.rpc import AcsRpc, Missing
from adapters.seam_acs.wire import (
    AccessMethod,
    WireCredential,
    WireGroup,
    WireIdentity,
    WireSystem,
    WireUser,
)
from bridge.sdk import AdapterContext, Anomaly, GateCode, NotYetConsistent, Rejected, Tenant, WireModel, read_as

MARK: Final = "gatebridge:"
"""Begins the key of each of our user identities at Seam."""
SAMPLE: Final = 50

ModelT = TypeVar("ModelT", bound=WireModel)


class AcsClient:
    """One access system in one workspace."""

    def __init__(self, options: AccessSystemOptions, context: AdapterContext) -> None:
        self._rpc: SeamRpc = AcsRpc(options, context)
        self._system = {"acs_system_id": options.acs_system_id}

    def discreet(self, tenant: Tenant) -> "AcsClient":
        """Return the same client, whose errors do not name this tenant, whatever Seam says."""
        client = copy(self)
        client._rpc = self._rpc.discreet(tenant)  # noqa: SLF001 - its own copy
        return client

    async def system(self) -> WireSystem:
        return _one(WireSystem, await self._rpc.read("/acs/systems/get", self._system), "acs_system")

    async def identity(self, key: str) -> str | None:
        """Return the id of the user identity that stands for this person, None where there is none."""
        body = {"user_identity_key": MARK + key}
        try:
            answer = await self._rpc.read("/user_identities/get", body)
        except Missing:
            return None
        found = _one(WireIdentity, answer, "user_identity")
        if found.user_identity_key != MARK + key:
            raise Anomaly("user_identity: Seam answered with another than was asked for")
        return found.user_identity_id

    async def add_identity(self, key: str) -> str:
        """Make the user identity of this person: a key, and nothing that Seam could link somebody else by."""
        answer = await self._change("/user_identities/create", {"user_identity_key": MARK + key})
        return _one(WireIdentity, answer, "user_identity").user_identity_id

    async def remove_identity(self, identity: str) -> None:
        with suppress(Missing):
            await self._rpc.write("/user_identities/delete", {"user_identity_id": identity})

    async def users(self, identity: str) -> list[WireUser]:
        """Return everybody in this system who belongs to the identity, by id."""
        body = {**self._system, "user_identity_id": identity}
        listed = [
            read_as(WireUser, item, "acs_users") for item in await self._rpc.pages("/acs/users/list", body, "acs_users")
        ]
        system = self._system["acs_system_id"]
        if any(user.user_identity_id != identity or user.acs_system_id != system for user in listed):
            raise Anomaly("acs_users: Seam listed others than were asked for")
        return sorted(listed, key=lambda user: user.acs_user_id)

    async def user(self, user: str) -> WireUser | None:
        try:
            return _one(WireUser, await self._rpc.read("/acs/users/get", {"acs_user_id": user}), "acs_user")
        except Missing:
            return None

    async def add_user(self, identity: str, profile: Mapping[str, str]) -> WireUser:
        answer = await self._change("/acs/users/create", {**self._system, "user_identity_id": identity, **profile})
        return _one(WireUser, answer, "acs_user")

    async def set_profile(self, user: str, profile: Mapping[str, str]) -> None:
        await self._change("/acs/users/update", {"acs_user_id": user, **profile})

    async def suspend(self, user: str) -> None:
        await self._change("/acs/users/suspend", {"acs_user_id": user})

    async def unsuspend(self, user: str) -> None:
        await self._change("/acs/users/unsuspend", {"acs_user_id": user})

    async def remove_user(self, user: str) -> None:
        """Delete a person with their codes; one who is gone already is no error."""
        with suppress(Missing):
            await self._rpc.write("/acs/users/delete", {"acs_user_id": user})

    async def groups(self) -> list[WireGroup]:
        """Return all groups of the system."""
        return await self._groups(self._system)

    async def groups_of(self, user: str) -> list[WireGroup]:
        """Return the groups that somebody is in; one is there twice if they were put into it twice."""
        return await self._groups({"acs_user_id": user})

    async def join(self, user: str, group: str) -> None:
        await self._change("/acs/users/add_to_access_group", {"acs_user_id": user, "acs_access_group_id": group})

    async def leave(self, user: str, group: str) -> None:
        """Take somebody out of a group; whatever Seam says about one who is not in it, they are out."""
        body = {"acs_user_id": user, "acs_access_group_id": group}
        try:
            await self._rpc.write("/acs/users/remove_from_access_group", body)
        except Rejected:
            if any(one.acs_access_group_id == group for one in await self.groups_of(user)):
                raise

    async def codes_of(self, user: str) -> list[WireCredential]:
        """Return somebody's codes; their cards and mobile keys are left out."""
        listed = await self._credentials({"acs_user_id": user})
        if any(one.acs_user_id != user for one in listed):
            raise Anomaly("acs_credentials: Seam listed others than were asked for")
        return [one for one in listed if one.access_method is AccessMethod.CODE]

    async def has_managed(self, code: GateCode, *, besides: str | None) -> bool:
        """Say whether somebody else has this code, among all that Seam manages in this system."""
        listed = await self._credentials({**self._system, "search": code.reveal()})
        return any(one.code == code and one.acs_user_id != besides for one in listed)

    async def has_unmanaged(self, code: GateCode) -> bool:
        """Say whether somebody has this code whom Seam knows of and does not manage."""
        answer = await self._rpc.read("/acs/credentials/unmanaged/list", self._system)
        return any(one.code == code for one in _many(WireCredential, answer, "acs_credentials"))

    async def some_codes(self) -> list[WireCredential]:
        """Return a few codes of the system, whoever has them."""
        answer = await self._rpc.read("/acs/credentials/list", {**self._system, "limit": SAMPLE})
        listed = _many(WireCredential, answer, "acs_credentials")
        return [one for one in listed if one.access_method is AccessMethod.CODE]

    async def add_code(self, user: str, code: GateCode | None) -> WireCredential:
        """Give somebody a code, or have the system make one."""
        given = {} if code is None else {"code": code.reveal()}
        body = {"acs_user_id": user, "access_method": AccessMethod.CODE.value, **given}
        return _one(WireCredential, await self._change("/acs/credentials/create", body), "acs_credential")

    async def set_code(self, credential: str, code: GateCode) -> None:
        body = {"acs_credential_id": credential, "code": code.reveal()}
        await self._change("/acs/credentials/update", body)

    async def remove_code(self, credential: str) -> None:
        with suppress(Missing):
            await self._rpc.write("/acs/credentials/delete", {"acs_credential_id": credential})

    async def _change(self, path: str, body: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            return await self._rpc.write(path, body)
        except Missing as error:
            raise NotYetConsistent(f"it went away between two calls: {error}") from error

    async def _groups(self, body: Mapping[str, str]) -> list[WireGroup]:
        listed = _many(WireGroup, await self._rpc.read("/acs/access_groups/list", body), "acs_access_groups")
        if any(group.acs_system_id != self._system["acs_system_id"] for group in listed):
            raise Anomaly("acs_access_groups: Seam listed groups of another system")
        return listed

    async def _credentials(self, body: Mapping[str, str]) -> list[WireCredential]:
        listed = await self._rpc.pages("/acs/credentials/list", body, "acs_credentials")
        return [read_as(WireCredential, item, "acs_credentials") for item in listed]


def _one(model: type[ModelT], answer: Mapping[str, Any], key: str) -> ModelT:
    return read_as(model, answer.get(key), key)


def _many(model: type[ModelT], answer: Mapping[str, Any], key: str) -> list[ModelT]:
    items = answer.get(key)
    if not isinstance(items, list):
        raise Anomaly(f"{key}: the answer is not as documented")
    return [read_as(model, item, key) for item in items]
