"""Settings in, running parts out: the only place that knows all."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from pydantic import ValidationError

from bridge.catalog import find_adapter, find_source
from bridge.domain.errors import ConfigurationError
from bridge.domain.ids import ConnectionName, SiteId, SiteKey
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.ports.adapter import AdapterContext, AdapterSpec
from bridge.ports.clock import Clock, SystemClock
from bridge.ports.feed import Feed
from bridge.ports.shelf import Shelves
from bridge.ports.source import Source, SourceContext, SourceSite, SourceSpec
from bridge.ports.store import Store
from bridge.service.alerts import Alerts
from bridge.service.converge import Converger
from bridge.service.desk import Desk
from bridge.service.explain import Explainer
from bridge.service.feeds import Feeds
from bridge.service.pauses import Pauses, UnpausedSubjects
from bridge.service.receive import Entrance
from bridge.service.resolve import Resolver
from bridge.service.retention import Keep, Retention
from bridge.service.sites import ManagedSite
from bridge.service.sweep import Sweeper
from bridge.service.whereabouts import Whereabouts
from bridge.settings import Settings, from_validation
from bridge.store import KeyFile, Keyring, LateShelves, open_sqlite
from bridge.telemetry import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugs:
    """Every source and adapter that the configuration names, opened."""

    sources: Mapping[ConnectionName, Source]
    entrances: Mapping[ConnectionName, Entrance]
    sites: Mapping[tuple[ConnectionName, SiteId], ManagedSite]
    feeds: Mapping[SiteKey, Feed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A bridge, assembled and not yet running."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    store: Store
    resolver: Resolver
    converger: Converger
    sweeper: Sweeper
    retention: Retention
    desk: Desk
    pauses: Pauses
    subjects: UnpausedSubjects
    explainer: Explainer
    alerts: Alerts
    entrances: Mapping[ConnectionName, Entrance]
    feeds: Feeds


class _Clients:
    """Makes the clients that plug-ins are handed, and closes them all."""

    def __init__(self, stack: AsyncExitStack, metrics: Metrics, concurrency: int) -> None:
        self._stack = stack
        self._metrics = metrics
        self._concurrency = concurrency

    def make(self, url: str, key: str) -> httpx.AsyncClient:
        client = make_client(base_url(url, key=key), on_call=self._metrics.on_call, concurrency=self._concurrency)
        self._stack.push_async_callback(client.aclose)
        return client


@asynccontextmanager
async def plug_in(settings: Settings, metrics: Metrics, shelves: Shelves | None = None) -> AsyncIterator[Plugs]:
    """Open what the configuration names, and close it. Raises `ConfigurationError` naming the key.

    Without `shelves` no store is at hand: whoever looks on a shelf then hears that it is unavailable.
    """
    shelves = shelves or LateShelves()
    async with AsyncExitStack() as stack:
        clients = _Clients(stack, metrics, settings.worker.concurrency)
        adapters = [find_adapter(site.adapter, key=f"sites.{n}.adapter") for n, site in enumerate(settings.sites)]
        opened = [_open_site(settings, n, spec, clients, shelves) for n, spec in enumerate(adapters)]
        sites = [site for site, _ in opened]
        entrances, sources = {}, {}
        for name, connection in settings.connections.items():
            key = f"connections.{name}"
            spec = find_source(connection.source, key=f"{key}.source")
            sources[name] = _open_source(settings, name, spec, [s for s in sites if s.connection == name], clients)
            entrances[name] = Entrance(verifier=sources[name], kept_headers=spec.kept_headers)
        yield Plugs(
            sources=sources,
            entrances=entrances,
            sites={(site.connection, site.id): site for site in sites},
            feeds={(site.connection, site.id): feed for site, feed in opened if feed is not None},
        )


def _open_source(
    settings: Settings,
    name: ConnectionName,
    spec: SourceSpec[Any],
    sites: Sequence[ManagedSite],
    clients: _Clients,
) -> Source:
    key = f"connections.{name}"
    addons = {site.id: site.addon_id for site in settings.sites if site.connection == name}
    context = SourceContext(
        connection=name,
        sites=[
            SourceSite(id=site.id, field_prefix=site.field_prefix, zone=site.policy.zone, addon_id=addons[site.id])
            for site in sites
        ],
        client_for=lambda url: clients.make(url, f"{key}.base_url"),
    )
    with _naming(key):
        return spec.open(spec.options.model_validate(settings.connections[name].options), context)


def _open_site(
    settings: Settings, place: int, spec: AdapterSpec[Any], clients: _Clients, shelves: Shelves
) -> tuple[ManagedSite, Feed | None]:
    site, key = settings.sites[place], f"sites.{place}.options"
    with _naming(key):
        options = spec.options.model_validate(site.options)
        shelf = shelves.shelf((site.connection, site.id))
        context = AdapterContext(site=site.id, client_for=lambda url: clients.make(url, f"{key}.url"), shelf=shelf)
        adapter, capabilities = spec.open(options, context), spec.capabilities(options)
        feed = None if spec.feed is None else spec.feed(options, context)
    if capabilities.one_occupant and site.policy.common_doors:
        raise ConfigurationError(
            f"sites.{place}.policy.common_doors", f"{spec.key} lets one tenant have a door: none can be shared"
        )
    managed = ManagedSite(
        connection=site.connection,
        id=site.id,
        policy=site.policy.at(settings.zone(site)),
        adapter=adapter,
        adapter_key=spec.key,
        capabilities=capabilities,
        field_prefix=site.field_prefix or spec.field_prefix,
    )
    return managed, feed


@contextmanager
def _naming(key: str) -> Iterator[None]:
    """Say where in the configuration a plug-in's own model found something wrong."""
    try:
        yield
    except ValidationError as error:
        raise from_validation(error, key) from None


@asynccontextmanager
async def open_store(settings: Settings, metrics: Metrics, clock: Clock) -> AsyncIterator[Store]:
    """Open the store, upgraded and locked to this process, and close it."""
    key = settings.store.key
    keyring = KeyFile(settings.state_dir) if key is None else Keyring(key)
    store = await open_sqlite(settings.store.path, keyring=keyring, clock=clock, on_batch=metrics.on_batch)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def assemble(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """Open the store and every plug-in, put the bridge together, and close it all in the end."""
    clock = clock or SystemClock()
    metrics, shelves = Metrics(), LateShelves()
    async with plug_in(settings, metrics, shelves) as plugs, open_store(settings, metrics, clock) as store:
        shelves.store = store
        alerts = Alerts(metrics)
        pauses = pausing(settings, store, alerts, clock)
        sweeper = Sweeper(
            sites=plugs.sites.keys(),
            listers=plugs.sources,
            queue=store,
            alert_sink=store,
            alerts=alerts,
            clock=clock,
        )
        yield Parts(
            settings=settings,
            clock=clock,
            metrics=metrics,
            store=store,
            entrances=plugs.entrances,
            feeds=Feeds(feeds=plugs.feeds, watch=store, has_listed=sweeper.has_listed),
            alerts=alerts,
            resolver=Resolver(
                readers=plugs.sources,
                queue=store,
                records=store,
                sweeper=sweeper,
                alerts=alerts,
                clock=clock,
                metrics=metrics,
            ),
            converger=Converger(
                sites=plugs.sites,
                platforms=plugs.sources,
                records=store,
                alerts=alerts,
                clock=clock,
                metrics=metrics,
            ),
            sweeper=sweeper,
            retention=_retention(settings, store, alerts, clock),
            desk=Desk(store=store, clock=clock),
            pauses=pauses,
            subjects=UnpausedSubjects(queue=store, pauses=pauses),
            explainer=explainer(plugs, store, clock, pauses),
        )


def _retention(settings: Settings, store: Store, alerts: Alerts, clock: Clock) -> Retention:
    keep = Keep(
        bodies=timedelta(days=settings.store.keep_bodies_days),
        deliveries=timedelta(days=settings.store.keep_deliveries_days),
    )
    return Retention(pruner=store, keep=keep, alert_sink=store, alerts=alerts, clock=clock)


def pausing(settings: Settings, store: Store, alerts: Alerts, clock: Clock) -> Pauses:
    """Return what knows which of the configured sites are paused."""
    adapters = {(site.connection, site.id): site.adapter for site in settings.sites}
    return Pauses(book=store, adapters=adapters, alerts=alerts, clock=clock)


def explainer(plugs: Plugs, store: Store, clock: Clock, pauses: Pauses) -> Explainer:
    """Return what explains a tenant's access, over these plug-ins and what the store remembers."""
    return Explainer(
        whereabouts=Whereabouts(desk=store, locators=plugs.sources, sites=plugs.sites.keys()),
        sites=plugs.sites,
        platforms=plugs.sources,
        records=store,
        clock=clock,
        pauses=pauses,
    )
