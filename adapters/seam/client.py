"""Locks and codes of one workspace, as calls with types."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Final

from adapters.seam.mapping import takes_codes
from adapters.seam.rpc import SeamRpc
from adapters.seam.wire import Changes, WireAttempt, WireCode, WireLock, WireMark, WireWorkspace
from bridge.sdk import GateCode, NotYetConsistent, Rejected, TargetId, Tenant, read_as

CODE_NOT_FOUND: Final = frozenset({"access_code_not_found", "not_found"})
"""Seam's own server for tests says the one of a change, and the other of a look-up."""


class SeamClient:
    def __init__(self, rpc: SeamRpc) -> None:
        self._rpc = rpc

    def discreet(self, tenant: Tenant) -> "SeamClient":
        """Return the same client, whose errors do not name this tenant."""
        client = copy(self)
        client._rpc = self._rpc.discreet(tenant)  # noqa: SLF001 - its own copy
        return client

    async def workspace(self) -> WireWorkspace:
        answer = await self._rpc.read("/workspaces/get", {})
        return read_as(WireWorkspace, answer.get("workspace"), "workspace")

    async def locks(self) -> Sequence[WireLock]:
        """Return all locks of the workspace that Seam manages."""
        listed = await self._rpc.pages("/locks/list", {}, "devices")
        return [read_as(WireLock, one, "lock") for one in listed]

    async def codes_at(self, device: TargetId, is_ours: Callable[[WireMark], bool]) -> list[WireCode]:
        """Return those codes of a lock that Seam manages and `is_ours` picks; others may be in any state.

        A lock that the workspace does not have has none, nor has one that takes none and will not list them.
        """
        try:
            listed = await self._rpc.pages("/access_codes/list", {"device_id": device}, "access_codes")
        except Rejected:
            if any(lock.device_id == device and takes_codes(lock) for lock in await self.locks()):
                raise
            return []
        found = []
        for one in listed:
            mark = read_as(WireMark, one, "code")
            # Seam's own server for tests lists other locks' codes too, and those that it does not manage.
            if mark.device_id == device and mark.is_managed and not mark.is_backup and is_ours(mark):
                found.append(read_as(WireCode, one, "code"))
        return found

    async def show(self, code_id: str) -> WireCode | None:
        """Return the code with this id, or None where there is none."""
        answer = await self._rpc.read("/access_codes/get", {"access_code_id": code_id}, missing=CODE_NOT_FOUND)
        return read_as(WireCode, answer.get("access_code"), "code") if answer else None

    async def create(self, device: TargetId, name: str, code: GateCode) -> WireCode:
        """Make a code that holds until it is changed. Raises `Conflict` when the lock has these digits already."""
        path = "/access_codes/create"
        answer = await self._rpc.write(path, {"device_id": device, "name": name, "code": code.reveal()})
        self._check(path, answer)
        return read_as(WireCode, answer.get("access_code"), "new code")

    async def update(self, code_id: str, changes: Changes) -> None:
        """Change a code. Raises `Conflict` when the lock has the new digits already."""
        path = "/access_codes/update"
        answer = await self._rpc.write(path, {"access_code_id": code_id, **changes}, missing=CODE_NOT_FOUND)
        if not answer:
            raise NotYetConsistent("the code went away between two calls")
        self._check(path, answer)

    async def delete(self, code_id: str) -> None:
        """Delete a code; one that is gone already is no error."""
        path = "/access_codes/delete"
        self._check(path, await self._rpc.write(path, {"access_code_id": code_id}, missing=CODE_NOT_FOUND))

    def _check(self, path: str, answer: Mapping[str, Any]) -> None:
        """Raise what an order failed with, where Seam knows it at once; most are only begun."""
        attempt = read_as(WireAttempt, answer.get("action_attempt") or {}, path)
        if attempt.status == "error" and attempt.error is not None:
            raise self._rpc.refusal(path, attempt.error)
