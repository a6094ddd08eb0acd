"""The admin API: its paths, its paging, its two shapes of a list (reference, sections 4 and 5).

Errors are translated by `call`. A 404 on a single object is None: what that means is for the caller to say.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import httpx

from bridge.sdk import Anomaly, Secret, call, is_safe_id
from bridge.sources.storeganise.wire import Addon, ChangedRow, CustomFields, Job, Owner, RentalRow, Task, UnitRow, parse

ADMIN: Final = "v1/admin"
PAGE: Final = 50
"""The platform asks to keep lists with `include` under about 50 items [official 297]."""
BARE_PAGE: Final = 100
"""Of rows without what belongs to them, or with little of it."""
LONG_PAGE: Final = 1000
"""Of what may be very many; peers page so [peer: SmartCube, SpaceHub, StorHub]. A server may cut it shorter."""
SMALLEST_CAP: Final = 20
"""The fewest rows that a server is thought to cut a page to: the limit is unknown, the smallest page at peers is 20."""
MAX_PAGES: Final = 100
ROUNDS: Final = 3
"""So often at most is a list of several pages read, until it brings nothing new."""
WHOLE: Final = "unit,owner,customFields"
FIELDS: Final = "customFields"
_WRAPPERS: Final = ("data", "items")

RowT = TypeVar("RowT", RentalRow, UnitRow, Owner, Job, Task, Addon)


class StoreganiseApi:
    """Reads and writes one account. `key` is a whole `Authorization` value from the keyring."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def rental(self, rental_id: str, key: Secret, *, include: str = WHOLE) -> RentalRow | None:
        return await self._one(RentalRow, "unit-rentals", rental_id, key, include)

    async def unit(self, unit_id: str, key: Secret) -> UnitRow | None:
        return await self._one(UnitRow, "units", unit_id, key, FIELDS)

    async def owner(self, user_id: str, key: Secret) -> Owner | None:
        return await self._one(Owner, "users", user_id, key, None)

    async def job(self, job_id: str, key: Secret) -> Job | None:
        return await self._one(Job, "jobs", job_id, key, None)

    async def task(self, job_id: str, key: Secret) -> Task | None:
        return await self._one(Task, "jobs", job_id, key, None)

    async def addon(self, addon_id: str, key: Secret) -> Addon | None:
        return await self._one(Addon, "addons", addon_id, key, None)

    async def site(self, site_id: str, key: Secret) -> Mapping[str, Any] | None:
        """Return the site as the platform shows it, or None; it answers to a code too, so compare the `id`."""
        return await self._object(f"sites/{safe(site_id, 'site')}", key, None)

    async def settings(self, key: Secret) -> Mapping[str, Any] | None:
        """Return the account's settings: the cheapest proof of a key. None suggests a wrong business code."""
        return await self._object("settings", key, None)

    async def rentals_of(
        self, owner_id: str, site_id: str, key: Secret, *, include: str | None = WHOLE
    ) -> list[RentalRow]:
        """Return every rental of a tenant at a site, in any state, as the platform lists them."""
        query = {"ownerId": safe(owner_id, "user"), "siteId": safe(site_id, "site")}
        if include is not None:
            query["include"] = include
        rows = await self._list("unit-rentals", query, key, limit=PAGE)
        return [parse(RentalRow, row, f"unit-rentals of user {owner_id}") for row in rows]

    async def rental_rows(self, rental_ids: tuple[str, ...], key: Secret) -> list[Any]:
        """Return one page of unread rows for `ids=`: as many as the platform knows of these, perhaps others too."""
        ids = ",".join(safe(rental_id, "unit-rental") for rental_id in rental_ids)
        query: dict[str, str | int] = {"ids": ids, "include": FIELDS, "limit": len(rental_ids)}
        return await self._page("unit-rentals", query, key)

    async def units_at(self, site_id: str, key: Secret) -> list[UnitRow]:
        query = {"siteId": safe(site_id, "site"), "include": FIELDS}
        rows = await self._list("units", query, key, limit=BARE_PAGE)
        return [parse(UnitRow, row, f"units of site {site_id}") for row in rows]

    def occupied_at(self, site_id: str, key: Secret, *, limit: int) -> AsyncIterator[list[Any]]:
        """Yield the pages of all rentals that the platform lists for the site and the state, whole and unread.

        An id may come more than once.
        """
        query = {"siteId": safe(site_id, "site"), "state": "occupied", "include": WHOLE}
        return self._pages("unit-rentals", query, key, limit=limit)

    async def changed_at(self, site_id: str, after: datetime, key: Secret, *, state: str | None) -> list[ChangedRow]:
        """Return what the platform lists for the site and `updatedAfter`, in `state` or without asking for one.

        A rental that changes meanwhile may move to another page and draw one that nobody has seen along to a page that
        is read already. So what may have had two pages is read again.
        """
        stamp = after.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        query = {"siteId": safe(site_id, "site"), "updatedAfter": stamp}
        if state is not None:
            query["state"] = state
        rows: dict[str, Any] = {}
        for _ in range(ROUNDS):
            listed = {row["id"]: row for row in await self._list("unit-rentals", query, key, limit=LONG_PAGE)}
            is_last = len(listed) < SMALLEST_CAP or listed.keys() <= rows.keys()
            rows |= listed
            if is_last:
                break
        return [parse(ChangedRow, row, f"unit-rentals of site {site_id}") for row in rows.values()]

    async def units_named(self, site_id: str, name: str, key: Secret) -> list[UnitRow]:
        """Return the site's units of exactly this name; what `search` finds is up to the platform [peer]."""
        query = {"siteId": safe(site_id, "site"), "search": name}
        rows = await self._list("units", query, key, limit=BARE_PAGE)
        units = [parse(UnitRow, row, f"units of site {site_id}") for row in rows]
        return [unit for unit in units if unit.name is not None and unit.name.strip() == name]

    async def some_rentals_at(self, site_id: str, key: Secret) -> list[RentalRow]:
        """Return a few occupied rentals with their custom fields."""
        query: dict[str, str | int] = {
            "siteId": safe(site_id, "site"),
            "state": "occupied",
            "include": FIELDS,
            "limit": PAGE,
        }
        rows = await self._page("unit-rentals", query, key)
        return [parse(RentalRow, row, f"unit-rentals of site {site_id}") for row in rows]

    async def put_rental(self, rental_id: str, fields: CustomFields, key: Secret) -> None:
        """Merge `fields` into the rental's custom fields; null clears one."""
        path = f"{ADMIN}/unit-rentals/{safe(rental_id, 'unit-rental')}"
        await call(self._client, "PUT", path, json={"customFields": fields}, headers=_authorized(key))

    async def post_job(self, job: Mapping[str, Any], key: Secret) -> str | None:
        """Make a job and return its id, None where the answer does not tell it."""
        answer = await call(self._client, "POST", f"{ADMIN}/jobs", json=job, headers=_authorized(key))
        made = answer.body.get("id") if isinstance(answer.body, dict) else None
        return made if isinstance(made, str) and is_safe_id(made) else None

    async def complete_step(self, job_id: str, step_id: str, key: Secret) -> None:
        path = f"{ADMIN}/jobs/{safe(job_id, 'job')}/steps/{safe(step_id, 'step')}"
        await call(self._client, "PUT", path, json={"state": "completed"}, headers=_authorized(key))

    async def _one(self, model: type[RowT], kind: str, row_id: str, key: Secret, include: str | None) -> RowT | None:
        what = f"{kind}/{safe(row_id, kind)}"
        body = await self._object(what, key, include)
        if body is None:
            return None
        row = parse(model, body, what)
        if row.id != row_id:
            raise Anomaly(f"{what}: another one was answered")
        return row

    async def _object(self, path: str, key: Secret, include: str | None) -> Mapping[str, Any] | None:
        params = None if include is None else {"include": include}
        answer = await call(
            self._client,
            "GET",
            f"{ADMIN}/{path}",
            params=params,
            headers=_authorized(key),
            accept=(httpx.codes.NOT_FOUND,),
        )
        if answer.status == httpx.codes.NOT_FOUND:
            return None
        if not isinstance(answer.body, dict):
            raise Anomaly(f"{path}: the answer is no object")
        return answer.body

    async def _list(self, path: str, query: Mapping[str, str], key: Secret, *, limit: int) -> list[Any]:
        """Return all rows, each once."""
        rows: dict[str, Any] = {}
        async for page in self._pages(path, query, key, limit=limit):
            rows |= {_row_id(row, path): row for row in page}
        return list(rows.values())

    async def _pages(self, path: str, query: Mapping[str, str], key: Secret, *, limit: int) -> AsyncIterator[list[Any]]:
        """Yield the pages of a list, and raise `Anomaly` where it has no end.

        A server may have a smaller limit of its own, so a page that is shorter than ours proves nothing. The list ends
        with a page that no server would have cut, or that is shorter than one before it; and with one that brings
        nothing new, since a server that ignores `offset` would never end.
        """
        seen = set[str]()
        offset, whole = 0, SMALLEST_CAP
        for _ in range(MAX_PAGES):
            page = await self._page(path, {**query, "limit": limit, "offset": offset}, key)
            ids = {_row_id(row, path) for row in page}
            yield page
            if len(page) < whole or ids <= seen:
                return
            seen |= ids
            offset += len(page)
            whole = max(whole, len(page))
        raise Anomaly(f"{path}: the list has no end after {MAX_PAGES} pages")

    async def _page(self, path: str, query: Mapping[str, str | int], key: Secret) -> list[Any]:
        answer = await call(self._client, "GET", f"{ADMIN}/{path}", params=query, headers=_authorized(key))
        body = answer.body
        if isinstance(body, dict):
            body = next((body[name] for name in _WRAPPERS if isinstance(body.get(name), list)), None)
        if not isinstance(body, list):
            raise Anomaly(f"{path}: the answer is no list")
        return body


def safe(value: str, what: str) -> str:
    """Return an id that may enter a path or a query. Raises `Anomaly` without repeating it."""
    if not is_safe_id(value):
        raise Anomaly(f"{what}: its id is not usable")
    return value


def _row_id(row: Any, path: str) -> str:
    row_id = row.get("id") if isinstance(row, dict) else None
    if not isinstance(row_id, str):
        raise Anomaly(f"{path}: a row has no id")
    return row_id


def _authorized(key: Secret) -> dict[str, str]:
    return {"Authorization": key.reveal()}
