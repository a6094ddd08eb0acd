"""Brivo's API as calls with types; errors become the bridge's own here, once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from typing import Any, Final, TypeVar
from urllib.parse import quote

from adapters.brivo.mapping import refusal
from adapters.brivo.options import BrivoOptions
from adapters.brivo.sign_in import SignIn
from adapters.brivo.wire import (
    BrivoUser,
    WireGroup,
    WireListed,
    WireMade,
    WirePage,
    WireSuspension,
    WireUser,
    read_error,
)
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    Answer,
    NotYetConsistent,
    Rejected,
    Tenant,
    TokenAuth,
    call,
    private_words,
    read_as,
)

PAGE_SIZE: Final = 100
MAX_PAGES: Final = 500
BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
NO_SUCH_CALL: Final = 596
"""Brivo's own status for a path or method that it does not have."""
READ_REFUSALS: Final = frozenset({BAD_REQUEST, NOT_FOUND, NO_SUCH_CALL})
WRITE_REFUSALS: Final = READ_REFUSALS | {409, 422}
NO_CONTENT: Final = 204

ItemT = TypeVar("ItemT", WireGroup, WireListed)


class BrivoClient:
    """One account, in the name of one administrator."""

    def __init__(self, options: BrivoOptions, context: AdapterContext) -> None:
        self._api = context.client_for(options.hosts.api)
        self._api.auth = TokenAuth(SignIn(options, context.client_for(options.hosts.auth)), scheme="bearer")
        self._headers: Mapping[str, str] = {"api-key": options.api_key.reveal()}
        self._private: Collection[str] = ()

    def discreet(self, tenant: Tenant) -> "BrivoClient":
        """Return the same client, whose errors do not name this tenant, whatever Brivo says."""
        client = copy(self)
        client._private = private_words(tenant)  # noqa: SLF001 - its own copy
        return client

    async def find(self, mark: str) -> BrivoUser | None:
        """Return the user with this external id."""
        answer = await self._read(f"users/{quote(mark, safe='')}/external")
        if answer is None:
            return None
        seen = read_as(WireUser, answer.body, "user")
        if seen.external_id != mark:
            raise Anomaly("user: Brivo shows another than was asked for")
        return BrivoUser(seen=seen, whole=answer.body)

    async def find_listed(self, mark: str, user: str) -> WireListed | None:
        """Return who has this external id or this id, from the listing of everybody: the slow way, to be sure."""

        def is_theirs(listed: WireListed) -> bool:
            return user == listed.id or mark == listed.external_id

        return next(filter(is_theirs, await self._list("users", WireListed, until=is_theirs)), None)

    async def count_users(self) -> int:
        answer = await self._read("users", {"offset": 0, "pageSize": 1})
        return read_as(WirePage, None if answer is None else answer.body, "users").count

    async def groups(self) -> Sequence[WireGroup]:
        return await self._list("groups", WireGroup)

    async def has_group(self, group: str) -> bool:
        return await self._read(f"groups/{group}/users", {"offset": 0, "pageSize": 1}) is not None

    async def is_member(self, user: str, group: str) -> bool:
        """Tell whether the group exists and holds the user. No is said only by a listing read to its end."""

        def is_theirs(listed: WireListed) -> bool:
            return listed.id == user

        path = f"groups/{group}/users"
        return any(map(is_theirs, await self._list(path, WireListed, until=is_theirs, may_be_gone=True)))

    async def add(self, body: Mapping[str, Any]) -> str:
        """Make a user and return its id. Raises `Conflict` when somebody has the code."""
        answer = await self._write("POST", "users", body)
        return read_as(WireMade, None if answer is None else answer.body, "new user").id

    async def replace(self, user: str, body: Mapping[str, Any]) -> None:
        """Replace the user by `body`, in full. Raises `Conflict` when somebody has the code."""
        answer = self._still_there(await self._write("PUT", f"users/{user}", body))
        if answer.body is not None and read_as(WireMade, answer.body, "changed user").id != user:
            raise Anomaly("changed user: Brivo answered for another")

    async def set_suspended(self, user: str, *, suspended: bool) -> None:
        answer = self._still_there(await self._write("PUT", f"users/{user}/suspended", {"suspended": suspended}))
        told = read_as(WireSuspension, answer.body, "suspension")
        if (told.id, told.suspended) != (user, suspended):
            raise Anomaly("suspension: Brivo says another thing than it was asked for")

    async def remove(self, user: str) -> None:
        """Remove a user; one that is gone already is no error."""
        await self._write("DELETE", f"users/{user}")

    async def join(self, user: str, group: str) -> bool:
        """Put the user into the group, and tell whether both were there."""
        return self._is_done(await self._write("PUT", f"groups/{group}/users/{user}"))

    async def leave(self, user: str, group: str) -> None:
        """Take the user out of the group; one of them that is gone already is no error."""
        self._is_done(await self._write("DELETE", f"groups/{group}/users/{user}"))

    async def _list(
        self,
        path: str,
        model: type[ItemT],
        *,
        until: Callable[[ItemT], bool] | None = None,
        may_be_gone: bool = False,
    ) -> Sequence[ItemT]:
        """Return the listing, read to its end or to the page with an item that `until` waits for.

        Raises `Anomaly` for a listing that repeats itself, changes its count while it is read, or falls short of it.
        """
        found: dict[str, ItemT] = {}
        count: int | None = None
        for _ in range(MAX_PAGES):
            answer = await self._read(path, {"offset": len(found), "pageSize": PAGE_SIZE})
            if answer is None and may_be_gone:
                return []
            page = read_as(WirePage, None if answer is None else answer.body, "listing")
            items = [read_as(model, item, "listing") for item in page.data]
            fresh = {item.id: item for item in items}
            if page.offset != len(found) or page.count != (page.count if count is None else count):
                raise Anomaly("listing: it changed while it was read")
            if len(fresh) < len(items) or fresh.keys() & found.keys():
                raise Anomaly("listing: Brivo names somebody twice")
            found, count = found | fresh, page.count
            if until is not None and any(map(until, items)):
                return list(found.values())
            if len(items) < page.page_size:
                if len(found) != count:
                    raise Anomaly("listing: Brivo counts others than it names")
                return list(found.values())
        raise Anomaly("listing: it does not end")

    @staticmethod
    def _still_there(answer: Answer | None) -> Answer:
        if answer is None:
            raise NotYetConsistent("the user at Brivo went away between two calls")
        return answer

    @staticmethod
    def _is_done(answer: Answer | None) -> bool:
        if answer is not None and answer.status != NO_CONTENT:
            raise Anomaly(f"group: Brivo answered {answer.status} where {NO_CONTENT} is documented")
        return answer is not None

    async def _read(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer | None:
        answer = await call(
            self._api, "GET", path, params=params, headers=self._headers, accept=READ_REFUSALS, is_read=True
        )
        return self._judged(answer)

    async def _write(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer | None:
        answer = await call(self._api, method, path, json=body, headers=self._headers, accept=WRITE_REFUSALS)
        return self._judged(answer)

    def _judged(self, answer: Answer) -> Answer | None:
        """Return the answer, or None where Brivo itself says that there is no such thing."""
        if answer.status < BAD_REQUEST:
            return answer
        if answer.status == NO_SUCH_CALL:
            raise Rejected(f"Brivo has no such call ({NO_SUCH_CALL}): options.api_url is wrong, or this adapter is")
        error = read_error(answer.body)
        if answer.status != NOT_FOUND:
            raise refusal(answer.status, error, self._private)
        if error is None:
            raise Anomaly(f"{NOT_FOUND} without Brivo's own error: it proves nothing")
        return None
