"""A whole bridge with a feed at each of its two sites, between a simulated platform and controllers that fetch."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from adapters.pull_feed import ADAPTER
from bridge.domain.credential import Secret
from bridge.domain.ids import SiteId
from bridge.domain.policy import SitePolicy
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.ports.adapter import AdapterContext
from bridge.ports.feed import Feed
from bridge.service.feeds import Feeds
from bridge.service.sites import ManagedSite
from bridge.store import Keyring, SqlStore, open_sqlite
from bridge.web import receiver_app
from tests.service.building import PLATFORM, ZONE, _bridge, _source
from tests.service.hilltop import HILLTOP, open_two_sites
from tests.service.house import CONNECTION, SITE, House, Running

TOKENS = {SITE: "token-of-lakeside-6c1f9a", SiteId(HILLTOP): "token-of-hilltop-d27b30"}


def _no_client(url: str) -> httpx.AsyncClient:
    raise AssertionError(f"a feed calls nobody, and not {url}")


@dataclass(kw_only=True)
class FeedHouse:
    house: House
    options: Mapping[str, Any]
    feeds: Feeds = field(init=False)

    async def start(self, platform: httpx.AsyncClient) -> Running:
        house = self.house
        keyring = Keyring(Secret("k" * 40))
        store = await open_sqlite(house.database, keyring=keyring, clock=house.clock)
        opened = {site: self._open(store, site) for site in TOKENS}
        feeds = {(CONNECTION, site): feed for site, (_, feed) in opened.items()}
        sites = [managed for managed, _ in opened.values()]
        running = _bridge(store, house.clock, _source(platform, sites), sites)
        self.feeds = Feeds(feeds=feeds, watch=store, has_listed=running.sweeper.has_listed)
        return running

    def _open(self, store: SqlStore, site: SiteId) -> tuple[ManagedSite, Feed]:
        options = ADAPTER.options.model_validate({"tokens": [TOKENS[site]], **self.options})
        context = AdapterContext(site=site, client_for=_no_client, shelf=store.shelf((CONNECTION, site)))
        managed = ManagedSite(
            connection=CONNECTION,
            id=site,
            policy=SitePolicy(zone=ZONE),
            adapter=ADAPTER.open(options, context),
            adapter_key=ADAPTER.key,
            capabilities=ADAPTER.capabilities(options),
            field_prefix="gate",
        )
        assert ADAPTER.feed is not None
        return managed, ADAPTER.feed(options, context)

    async def fetch(self, site: str = SITE, *, path: str = "", **headers: str) -> httpx.Response:
        async def metrics() -> bytes:
            return b""

        app = receiver_app(self.house.bridge.receiver, max_body_bytes=4096, metrics=metrics, feeds=self.feeds)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bridge") as client:
            sent = {"Authorization": f"Bearer {TOKENS[SiteId(site)]}", **headers}
            return await client.get(f"/feeds/{CONNECTION}/{site}{path}", headers=sent)

    async def rows(self, site: str = SITE) -> list[tuple[str, str, str]]:
        """Return unit, code and state of each row as a controller gets them."""
        answer = await self.fetch(site)
        assert answer.status_code == 200, answer.text
        return [(row["unit"], row["code"], row["state"]) for row in answer.json()["rows"]]


@asynccontextmanager
async def feed_house(folder: Path, **options: Any) -> AsyncIterator[FeedHouse]:
    """Yield the house after its first sweep, when feeds are served."""
    async with open_two_sites(folder) as house:
        one = FeedHouse(house=house, options=options)
        async with make_client(base_url(f"{PLATFORM}/api", key=""), transport=house.platform) as platform:
            house.reopen = lambda: one.start(platform)
            await house.restart()
            await house.bridge.sweeper.sweep()
            await house.settle()
            yield one
