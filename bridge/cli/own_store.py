"""The operator API over a store that no running bridge owns."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from bridge.ports.clock import SystemClock
from bridge.service.desk import Desk
from bridge.service.sweep import Sweeper
from bridge.settings import Settings
from bridge.telemetry import Metrics
from bridge.web import operator_app
from bridge.wiring import open_store


@asynccontextmanager
async def operating_alone(settings: Settings) -> AsyncIterator[Starlette]:
    """Own the store inside the block and give the API over it; what it marks due waits for the next `serve`."""
    metrics, clock = Metrics(), SystemClock()
    sites = {(site.connection, site.id) for site in settings.sites}
    async with open_store(settings, metrics, clock) as store:

        async def text() -> bytes:
            return metrics.text(await store.counts())

        yield operator_app(
            desk=Desk(store=store, clock=clock), sweeper=Sweeper(store, sites), nudge=lambda: None, metrics=text
        )
