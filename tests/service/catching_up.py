"""What the stories of catching up say short."""

from typing import Any

import httpx

from bridge.domain.catch_up import Place
from bridge.domain.ids import SiteId
from bridge.ports.store import AlertRow
from bridge.service.catch_up import CaughtUp
from tests.service.house import CONNECTION, SITE, House

HILLSIDE = SiteId("66f1a0c2b7d4e90015c0e009")
LIST = "GET admin/unit-rentals"
BOOKMARK = f"changed:{CONNECTION}:{SITE}"
QUARTER = 15


async def caught_up(house: House, **asked: Any) -> CaughtUp:
    """Catch up, and work until nothing is due."""
    came_to = await house.bridge.catch_up.catch_up(**asked)
    await house.settle()
    return came_to


async def place(house: House) -> Place:
    kept = await house.bridge.store.bookmark(BOOKMARK)
    assert kept is not None
    return Place.from_text(kept)


async def missed(house: House) -> list[AlertRow]:
    rows = await house.bridge.store.list_alerts(limit=100)
    return [row for row in reversed(rows) if row.entry.what == "webhooks_missed"]


def is_list(request: httpx.Request) -> bool:
    """Tell whether a call asks for what has changed."""
    return "updatedAfter" in request.url.params


def job_of(house: House, rental: str) -> str | None:
    return house.world.books.rentals.get(rental).move_in_job_id
