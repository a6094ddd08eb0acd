"""The controller's API as calls with types; errors become the bridge's own here, once."""

from collections.abc import Collection, Mapping
from copy import copy
from typing import Any, Final
from urllib.parse import quote

from adapters.simulator.mapping import STATE_WORDS, in_path, refusal
from adapters.simulator.options import SimulatorOptions
from adapters.simulator.wire import About, MadeCode, OnePerson, PeoplePage, PersonId, Reply, WirePerson
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    EntryState,
    GateCode,
    NotYetConsistent,
    TargetId,
    Tenant,
    call,
    private_words,
    read_as,
)

MAX_PAGES: Final = 50
MAX_PAGES_OF_ALL: Final = 2000
NOT_FOUND: Final = "not_found"
UNKNOWN_SITE: Final = "unknown_site"


class GateClient:
    """One site at one controller."""

    def __init__(self, options: SimulatorOptions, context: AdapterContext) -> None:
        self._client = context.client_for(options.url)
        self._site = context.site
        self._root = f"v1/sites/{quote(context.site, safe='')}"
        key = options.api_key
        self._private: Collection[str] = ()
        self._headers: Mapping[str, str] = {} if key is None else {"Authorization": f"Bearer {key.reveal()}"}

    def discreet(self, tenant: Tenant) -> "GateClient":
        """Return the same client, whose errors do not name this tenant, whatever the controller says."""
        client = copy(self)
        client._private = private_words(tenant)  # noqa: SLF001 - its own copy
        return client

    async def about(self) -> About:
        return read_as(About, await self._read("/"), "site")

    async def find(self, external_key: str) -> list[WirePerson]:
        """Return everybody with this key, by rising id, from a listing that was read to its end."""
        found = await self._list({"external_key": external_key}, MAX_PAGES)
        if any(person.external_key != external_key for person in found):
            raise Anomaly("people: the gate listed others than were asked for")
        return found

    async def everybody(self) -> list[WirePerson]:
        """Return everybody at the site, by rising id, from a listing that was read to its end."""
        found = await self._list({}, MAX_PAGES_OF_ALL)
        if len(found) < (counted := (await self.about()).people):
            raise Anomaly(f"people: the gate listed {len(found)} and counts {counted}")
        return found

    async def _list(self, query: Mapping[str, str], most: int) -> list[WirePerson]:
        found: list[WirePerson] = []
        for _ in range(most):
            params: dict[str, str | int] = dict(query)
            if found:
                params["after"] = found[-1].id
            page = read_as(PeoplePage, await self._read("/people", params), "people")
            ids = [person.id for person in (*found[-1:], *page.people)]
            if ids != sorted(set(ids)):
                raise Anomaly("people: the gate's listing is out of order")
            found += page.people
            if not page.more:
                return found
            if not page.people:
                break
        raise Anomaly("people: the gate's listing does not end")

    async def show(self, person: int) -> WirePerson | None:
        """Return the person with this id, whoever it is."""
        result = await self._read(f"/people/{person}", done_if=NOT_FOUND)
        return None if result is None else read_as(OnePerson, result, "person").person

    async def add(self, *, external_key: str, profile: Mapping[str, str], code: GateCode) -> int:
        """Make a person and return its id. Raises `Conflict` when somebody has the code."""
        body = {"external_key": external_key, **profile, "code": code.reveal()}
        return read_as(PersonId, await self._write("POST", "/people", body), "new person").id

    async def add_with_made_code(self, *, external_key: str, profile: Mapping[str, str]) -> MadeCode:
        body = {"external_key": external_key, **profile}
        return read_as(MadeCode, await self._write("POST", "/people", body), "new person")

    async def set_code(self, person: int, code: GateCode) -> None:
        await self._edit(person, {"code": code.reveal()})

    async def make_code(self, person: int) -> GateCode:
        """Have a new code made and return it; the one before is void."""
        return read_as(MadeCode, await self._edit(person, {"new_code": True}), "new code").code

    async def set_profile(self, person: int, profile: Mapping[str, str]) -> None:
        await self._edit(person, profile)

    async def suspend(self, person: int) -> None:
        await self._edit(person, {"suspended": True})

    async def resume(self, person: int) -> None:
        await self._edit(person, {"suspended": False})

    async def remove(self, person: int) -> None:
        """Remove a person; one that is gone already is no error."""
        await self._write("DELETE", f"/people/{person}", done_if=NOT_FOUND)

    async def set_entry(self, person: int, target: TargetId, state: EntryState) -> None:
        await self._write("PUT", f"/people/{person}/access/{in_path(target)}", {"state": STATE_WORDS[state]})

    async def remove_entry(self, person: int, target: TargetId) -> None:
        """Remove an entry; one that is gone already is no error."""
        await self._write("DELETE", f"/people/{person}/access/{in_path(target)}", done_if=NOT_FOUND)

    async def _edit(self, person: int, body: Mapping[str, str | bool]) -> Any:
        return await self._write("PATCH", f"/people/{person}", body)

    async def _read(
        self, path: str, params: Mapping[str, str | int] | None = None, *, done_if: str | None = None
    ) -> Any:
        """Return the result, or None when it was refused with the word `done_if`.

        Any other refusal of a read proves nothing, so it is an `Anomaly`; a site that is not there is for a person.
        """
        reply = await self._call("GET", path, params=params)
        if reply.error is None:
            return reply.result
        if reply.error.code == done_if:
            return None
        error = refusal(reply.error, self._private)
        raise error if reply.error.code == UNKNOWN_SITE else Anomaly(str(error))

    async def _write(
        self, method: str, path: str, body: Mapping[str, str | bool] | None = None, *, done_if: str = ""
    ) -> Any:
        """Return the result; a refusal with the word `done_if` counts as done."""
        reply = await self._call(method, path, json=body)
        if reply.error is None or reply.error.code == done_if:
            return reply.result
        if reply.error.code == NOT_FOUND:
            raise NotYetConsistent("the person at the gate went away between two calls")
        raise refusal(reply.error, self._private)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, str | bool] | None = None,
        params: Mapping[str, str | int] | None = None,
    ) -> Reply:
        answer = await call(self._client, method, self._root + path, json=json, params=params, headers=self._headers)
        reply = read_as(Reply, answer.body, method)
        if reply.ok is (reply.error is not None):
            raise Anomaly(f"{method}: the gate said neither what it did nor why not")
        if reply.ok and reply.site != self._site:
            raise Anomaly(f"{method}: the gate answered for another site")
        return reply
