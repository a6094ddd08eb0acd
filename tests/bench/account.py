"""A platform with many sites, from the sandbox's own world: its answers are rendered beforehand, and wait as told.

Run as `python -m tests.bench.account PORT SITES RENTALS`.
"""

import asyncio
import json
import sys
from collections import Counter
from typing import Any, Final
from urllib.parse import parse_qs

import uvicorn

from bridge.sandbox.platform import World
from bridge.sandbox.platform.query import CUSTOM_FIELDS, OWNER, UNIT
from bridge.sandbox.platform.shapes import rental_shape

ROOT: Final = "/api/v1/admin/unit-rentals"
PAGE: Final = 100
"""No list is longer, whatever it is asked for."""
WHOLE: Final = frozenset({UNIT, OWNER, CUSTOM_FIELDS})
TWO_UNITS: Final = 10
"""One tenant of so many rents two."""


def site_of(number: int) -> str:
    return f"66f1a0c2b7d4e90015c1{number:04}"


def pages(sites: int, rentals: int) -> int:
    """Return how many pages the sites' lists fill."""
    return sites * -(-rentals // sites // PAGE)


class Account:
    """Everybody rents at once. `told` counts the calls by kind since it was asked for last."""

    def __init__(self, sites: int, rentals: int) -> None:
        self._world = World()
        self._rows: dict[str, bytes] = {}
        self._by: dict[str, list[str]] = {}
        self._latency = 0.0
        self._told = Counter[str]()
        for number in range(sites):
            self._world.create_site(code=f"s{number}", title=f"Site {number}", site_id=site_of(number))
        for number in range(rentals):
            self._move_in(number, site_of(number * sites // rentals))

    def _move_in(self, number: int, site: str) -> None:
        world, name = self._world, f"U-{number:05}"
        renter = number - (number % TWO_UNITS == TWO_UNITS - 1)
        tenant, unit = f"66f1a0c2b7d4e90015d{renter:05}", f"66f1a0c2b7d4e90015e{number:05}"
        if tenant not in world.books.users:
            email = f"tenant{renter}@example.net"
            world.create_tenant(
                user_id=tenant, first_name="Tenant", last_name=f"Number {renter}", email=email, phone="+44 7700 900123"
            )
        world.create_unit(site, name, unit_id=unit, fields={"gate_id": name})
        rental = world.move_in(tenant, unit).id
        for key in (site, f"{site}/{tenant}"):
            self._by.setdefault(key, []).append(rental)
        self._render(rental)

    def _render(self, rental: str) -> None:
        books = self._world.books
        self._rows[rental] = json.dumps(rental_shape(books.rentals.get(rental), books, WHOLE)).encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        body = await self._answer(scope["method"], scope["path"], query, receive)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, method: str, path: str, query: dict[str, str], receive: Any) -> bytes:
        if path == "/latency":
            self._latency = float(query["seconds"])
        if not path.startswith(ROOT):
            told, self._told = self._told, Counter()
            return json.dumps(told).encode()
        await asyncio.sleep(self._latency)
        rental = path.removeprefix(ROOT).strip("/")
        self._told["list" if not rental else "read" if method == "GET" else "write"] += 1
        if method == "PUT":
            self._world.edit_rental(rental, json.loads((await receive())["body"])["customFields"])
            self._render(rental)
        return self._rows[rental] if rental else self._list(query)

    def _list(self, query: dict[str, str]) -> bytes:
        key = query["siteId"] + (f"/{query['ownerId']}" if "ownerId" in query else "")
        start = int(query["offset"])
        rows = self._by.get(key, [])[start : start + min(int(query["limit"]), PAGE)]
        return b"[" + b",".join(self._rows[row] for row in rows) + b"]"


def main() -> None:
    port, sites, rentals = (int(word) for word in sys.argv[1:])
    config = uvicorn.Config(
        Account(sites, rentals), port=port, http="httptools", ws="none", lifespan="off", access_log=False,
        log_config=None,
    )  # fmt: skip
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
