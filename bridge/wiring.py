"""Settings in, running parts out: the only place that knows all."""

import math
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from pydantic import ValidationError

from bridge.catalog import find_adapter, find_source
from bridge.domain.budgets import SiteBudgets
from bridge.domain.errors import ConfigurationError
from bridge.domain.ids import ConnectionName, SiteId, SiteKey
from bridge.domain.turns import Limits
from bridge.outbound.accounts import Account, Accounts
from bridge.outbound.clients import Clients, SiteClients, SiteLimits
from bridge.ports.adapter import AdapterContext, AdapterSpec
from bridge.ports.clock import Clock, SystemClock
from bridge.ports.feed import Feed
from bridge.ports.shelf import Shelves
from bridge.ports.source import ChangeLister, Source, SourceContext, SourceSite, SourceSpec
from bridge.ports.store import Store
from bridge.service.alerts import Alerts
from bridge.service.breakers import Breakers, guarded
from bridge.service.catch_up import CatchUp
from bridge.service.certificate import CertificateWatch
from bridge.service.converge import Converger
from bridge.service.desk import Desk
from bridge.service.erasures import Erasures
from bridge.service.everybody import Everybody
from bridge.service.explain import Explainer
from bridge.service.feeds import Feeds
from bridge.service.leases import Leases
from bridge.service.ledger_proof import LedgerProof
from bridge.service.listing import SiteLists
from bridge.service.missed_moves import MissedMoves
from bridge.service.operations import Operations
from bridge.service.paces import Paces
from bridge.service.pauses import Pauses, UnpausedSubjects
from bridge.service.planning import Planner
from bridge.service.proof import Proof
from bridge.service.reachable import ReachableSubjects, WatchedRuns
from bridge.service.receive import Entrance
from bridge.service.resolve import Resolver
from bridge.service.resync import MakePlan, Resyncer
from bridge.service.retention import Keep, Retention
from bridge.service.revocations import Revocations
from bridge.service.selecting import Selector
from bridge.service.shadow import in_shadow, shielded
from bridge.service.shadow_report import ShadowReport
from bridge.service.shares import Shares, connection_shares, site_shares
from bridge.service.silence import SilenceWatch
from bridge.service.sites import ManagedSite
from bridge.service.survey import Strangers
from bridge.service.sweep import Sweeper
from bridge.service.tenant_plans import TenantPlans
from bridge.service.trust import Trust
from bridge.service.watch import Watch, surveyors
from bridge.service.whereabouts import Whereabouts
from bridge.service.who import Who
from bridge.settings import Mode, PacingSettings, Settings, from_validation
from bridge.store import KeyFile, Keyring, LateLedger, LateShelves, MarkFile, this_machine
from bridge.store import open_store as store_at
from bridge.telemetry import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugs:
    """Every source and adapter that the configuration names, opened."""

    sources: Mapping[ConnectionName, Source]
    entrances: Mapping[ConnectionName, Entrance]
    sites: Mapping[tuple[ConnectionName, SiteId], ManagedSite]
    feeds: Mapping[SiteKey, Feed]
    platforms: Mapping[ConnectionName, Account]
    vendors: Mapping[SiteKey, Account]
    """The accounts that are called; a site whose adapter calls nobody has none."""
    limited: Mapping[SiteKey, Account]
    """The sites with limits of their own, beside their account's."""


NO_PLUGS: Final = Plugs(sources={}, entrances={}, sites={}, feeds={}, platforms={}, vendors={}, limited={})
"""For what asks nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A bridge, assembled and not yet running."""

    settings: Settings
    clock: Clock
    metrics: Metrics
    store: Store
    resolver: Resolver
    runs: WatchedRuns
    sweeper: Sweeper
    catch_up: CatchUp
    retention: Retention
    silence: SilenceWatch
    certificate: CertificateWatch
    desk: Desk
    pauses: Pauses
    subjects: UnpausedSubjects
    breakers: Breakers
    connection_shares: Shares[ConnectionName]
    site_shares: Shares[SiteKey]
    explainer: Explainer
    resyncer: Resyncer
    proof: Proof
    revocations: Revocations
    shadow_report: ShadowReport
    trust: Trust
    alerts: Alerts
    leases: Leases
    entrances: Mapping[ConnectionName, Entrance]
    feeds: Feeds


@asynccontextmanager
async def plug_in(
    settings: Settings, metrics: Metrics, shelves: Shelves | None = None, accounts: Accounts | None = None
) -> AsyncIterator[Plugs]:
    """Open what the configuration names, and close it. Raises `ConfigurationError` naming the key.

    Without `shelves` no store is at hand: whoever looks on a shelf then hears that it is unavailable. Without
    `accounts`, calls are paced for this process alone.
    """
    shelves = shelves or LateShelves()
    async with AsyncExitStack() as stack:
        clients = Clients(stack, accounts=accounts or Accounts(), on_call=metrics.on_call)
        adapters = [find_adapter(site.adapter, key=f"sites.{n}.adapter") for n, site in enumerate(settings.sites)]
        opened = [_open_site(settings, n, spec, clients, shelves) for n, spec in enumerate(adapters)]
        sites = [site for site, _, _ in opened]
        entrances, sources, platforms = {}, {}, {}
        for name, connection in settings.connections.items():
            key = f"connections.{name}"
            spec = find_source(connection.source, key=f"{key}.source")
            of_connection = [site for site in sites if site.connection == name]
            sources[name], platforms[name] = _open_source(settings, name, spec, of_connection, clients)
            entrances[name] = Entrance(verifier=sources[name], kept_headers=spec.kept_headers)
        yield Plugs(
            sources=sources,
            entrances=entrances,
            sites={(site.connection, site.id): site for site in sites},
            feeds={(site.connection, site.id): feed for site, feed, _ in opened if feed is not None},
            platforms=platforms,
            vendors={(site.connection, site.id): own.account for site, _, own in opened if own.account is not None},
            limited={(site.connection, site.id): own.own for site, _, own in opened if own.own is not None},
        )


def _open_source(
    settings: Settings,
    name: ConnectionName,
    spec: SourceSpec[Any],
    sites: Sequence[ManagedSite],
    clients: Clients,
) -> tuple[Source, Account]:
    key, connection = f"connections.{name}", settings.connections[name]
    limits = Limits(
        concurrent=connection.concurrent_calls or settings.worker.concurrency, rate=connection.calls_per_second
    )
    account, client_for = clients.of_connection(name, key, limits)
    addons = {site.id: site.addon_id for site in settings.sites if site.connection == name}
    context = SourceContext(
        connection=name,
        sites=[
            SourceSite(id=site.id, field_prefix=site.field_prefix, zone=site.policy.zone, addon_id=addons[site.id])
            for site in sites
        ],
        client_for=client_for,
    )
    with _naming(key):
        return spec.open(spec.options.model_validate(connection.options), context), account


def _open_site(
    settings: Settings, place: int, spec: AdapterSpec[Any], clients: Clients, shelves: Shelves
) -> tuple[ManagedSite, Feed | None, SiteClients]:
    site, key = settings.sites[place], f"sites.{place}.options"
    with _naming(key):
        options = spec.options.model_validate(site.options)
        shelf = shelves.shelf((site.connection, site.id))
        own = clients.of_site(f"{site.connection}/{site.id}", key, _limits(settings, site.pacing))
        client_for = partial(own.client_for, adapter=spec.key, options=options)
        context = AdapterContext(site=site.id, client_for=client_for, shelf=shelf)
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
        budgets=SiteBudgets(
            site=site.budget.budgets(), connection=settings.connections[site.connection].budget.budgets()
        ),
        is_shadow=site.mode is Mode.SHADOW,
    )
    return shielded(managed), feed, own


def _limits(settings: Settings, pacing: PacingSettings) -> SiteLimits:
    most = settings.worker.concurrency
    own = None
    if pacing.calls_per_second is not None or pacing.concurrent_calls is not None:
        own = Limits(concurrent=pacing.concurrent_calls or most, rate=pacing.calls_per_second)
    account = Limits(concurrent=pacing.account_concurrent_calls or most, rate=pacing.account_calls_per_second)
    return SiteLimits(account=account, site=own)


@contextmanager
def _naming(key: str) -> Iterator[None]:
    """Say where in the configuration a plug-in's own model found something wrong."""
    try:
        yield
    except ValidationError as error:
        raise from_validation(error, key) from None


@asynccontextmanager
async def open_store(settings: Settings, metrics: Metrics, clock: Clock) -> AsyncIterator[Store]:
    """Open the store, upgraded, and close it; a SQLite file is locked to this process meanwhile."""
    key = settings.store.key
    keyring = KeyFile(settings.state_dir) if key is None else Keyring(key)
    store = await store_at(settings.store.url, key=keyring, clock=clock, on_batch=metrics.on_batch)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def assemble(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """Open the store and every plug-in, put the bridge together, and close it all in the end."""
    clock = clock or SystemClock()
    metrics, shelves, ledger = Metrics(), LateShelves(), LateLedger()
    accounts = Accounts(ledger=ledger if settings.store.is_shared else None)
    async with (
        plug_in(settings, metrics, shelves, accounts) as plugs,
        open_store(settings, metrics, clock) as store,
        aclosing(accounts),  # what is rented goes back while the store is open
    ):
        shelves.store = ledger.store = store
        clock = store.clock
        alerts, leases = Alerts(metrics), Leases(store)
        pauses = pausing(settings, store, alerts, clock)
        breakers = breaking(settings, store, alerts, clock, metrics)
        sweeper = sweeping(plugs, store, alerts=alerts, clock=clock, shut_sites=breakers.shut_sites)
        converger = Converger(
            sites={key: guarded(site, breakers) for key, site in plugs.sites.items()},
            platforms=plugs.sources,
            records=store,
            leases=leases,
            alerts=alerts,
            clock=clock,
            metrics=metrics,
            watch=Watch(surveyors(plugs.sites), clock),
        )
        yield Parts(
            settings=settings,
            clock=clock,
            metrics=metrics,
            store=store,
            entrances=plugs.entrances,
            feeds=Feeds(feeds=plugs.feeds, watch=store, has_listed=sweeper.has_listed),
            alerts=alerts,
            leases=leases,
            resolver=Resolver(
                readers=plugs.sources,
                queue=store,
                records=store,
                sweeper=sweeper,
                alerts=alerts,
                clock=clock,
                metrics=metrics,
            ),
            runs=WatchedRuns(converger.run, breakers),
            sweeper=sweeper,
            catch_up=catching_up(settings, plugs.sources, store, alerts=alerts, clock=clock, metrics=metrics),
            retention=_retention(settings, store, alerts, clock),
            silence=_listening(settings, store, alerts, clock),
            certificate=CertificateWatch(
                public_url=settings.server.public_url, bookmarks=store, alerts=alerts, clock=clock
            ),
            desk=Desk(store=store, clock=clock, strangers=Strangers(sites=plugs.sites, desk=store).at),
            pauses=pauses,
            subjects=UnpausedSubjects(queue=ReachableSubjects(queue=store, breakers=breakers), pauses=pauses),
            breakers=breakers,
            connection_shares=connection_shares(settings.worker.concurrency, plugs.platforms),
            site_shares=site_shares(
                settings.worker.concurrency, plugs.sites, plugs.vendors, plugs.platforms, limited=plugs.limited
            ),
            explainer=explainer(plugs, store, clock, pauses),
            resyncer=resyncer(planner(plugs, store, clock, pauses).plan, store, clock),
            proof=proving(settings, store, alerts, clock),
            revocations=revoking(settings, store, pauses, breakers, clock),
            shadow_report=shadow_report(settings, store),
            trust=trusting(settings, store, alerts, clock),
        )


def sweeping(
    plugs: Plugs,
    store: Store,
    *,
    alerts: Alerts,
    clock: Clock,
    shut_sites: Callable[[], Collection[SiteKey]] = frozenset,
) -> Sweeper:
    """Return what looks at everybody at the sites of these plug-ins, by the pacing of their accounts."""
    return Sweeper(
        sites=plugs.sites.keys(),
        lists=SiteLists(listers=plugs.sources, book=store, clock=clock),
        everybody=Everybody(store, clock),
        tenants=_tenant_plans(plugs, store, clock),
        queue=store,
        book=store,
        alert_sink=store,
        alerts=alerts,
        clock=clock,
        paces=_paces(plugs),
        shut_sites=shut_sites,
        in_shadow=in_shadow(plugs.sites),
    )


def _retention(settings: Settings, store: Store, alerts: Alerts, clock: Clock) -> Retention:
    keep = Keep(
        bodies=timedelta(days=settings.store.keep_bodies_days),
        deliveries=timedelta(days=settings.store.keep_deliveries_days),
    )
    return Retention(pruner=store, keep=keep, alert_sink=store, alerts=alerts, clock=clock)


def _listening(settings: Settings, store: Store, alerts: Alerts, clock: Clock) -> SilenceWatch:
    lengths = {name: timedelta(hours=one.silence_hours) for name, one in settings.connections.items()}
    return SilenceWatch(
        lengths={name: length for name, length in lengths.items() if length},
        arrivals=store,
        bookmarks=store,
        alerts=alerts,
        clock=clock,
    )


def catching_up(
    settings: Settings,
    listers: Mapping[ConnectionName, ChangeLister],
    store: Store,
    *,
    alerts: Alerts,
    clock: Clock,
    metrics: Metrics,
) -> CatchUp:
    """Return what looks for missed events at the configured sites."""
    return CatchUp(
        sites={(site.connection, site.id) for site in settings.sites},
        listers=listers,
        bookmarks=store,
        marks=store,
        moves=MissedMoves(store),
        alert_sink=store,
        alerts=alerts,
        clock=clock,
        metrics=metrics,
        overlap=timedelta(minutes=settings.worker.catch_up_overlap_minutes),
    )


def breaking(settings: Settings, store: Store, alerts: Alerts, clock: Clock, metrics: Metrics) -> Breakers:
    """Return what knows at which of the configured sites the vendor does not answer."""
    adapters = {(site.connection, site.id): site.adapter for site in settings.sites}
    return Breakers(adapters, alert_sink=store, alerts=alerts, clock=clock, metrics=metrics)


def pausing(settings: Settings, store: Store, alerts: Alerts, clock: Clock) -> Pauses:
    """Return what knows which of the configured sites are paused."""
    adapters = {(site.connection, site.id): site.adapter for site in settings.sites}
    believed_for = store.cadence.poll if store.cadence.is_shared else math.inf
    return Pauses(book=store, adapters=adapters, alerts=alerts, clock=clock, believed_for=believed_for)


def proving(settings: Settings, store: Store, alerts: Alerts, clock: Clock) -> Proof:
    """Return what can prove who had access, over what the store remembers."""
    zones = {(site.connection, site.id): settings.zone(site) for site in settings.sites}
    return Proof(
        ledger=LedgerProof(book=store, bookmarks=store, alert_sink=store, alerts=alerts, clock=clock),
        who=Who(history=store, zones=zones, clock=clock),
        erasures=Erasures(eraser=store, clock=clock),
    )


def shadow_sites(settings: Settings) -> frozenset[SiteKey]:
    return frozenset((site.connection, site.id) for site in settings.sites if site.mode is Mode.SHADOW)


def shadow_report(settings: Settings, store: Store) -> ShadowReport:
    """Return what tells how the sites in shadow agree with what is done there now."""
    return ShadowReport(book=store, sites=shadow_sites(settings))


def revoking(settings: Settings, store: Store, pauses: Pauses, breakers: Breakers, clock: Clock) -> Revocations:
    """Return what takes all access of a person away at once."""
    return Revocations(
        book=store,
        history=store,
        desk=store,
        sites={(site.connection, site.id) for site in settings.sites},
        in_shadow=shadow_sites(settings),
        pauses=pauses,
        breakers=breakers,
        clock=clock,
    )


def trusting(settings: Settings, store: Store, alerts: Alerts, clock: Clock) -> Trust:
    """Return what tells whether the store is the one that was here before."""
    return Trust(
        store=store,
        marks=MarkFile(settings.mark_file),
        machine=this_machine(),
        is_shared=settings.store.is_shared,
        alerts=alerts,
        clock=clock,
    )


def explainer(plugs: Plugs, store: Store, clock: Clock, pauses: Pauses) -> Explainer:
    """Return what explains a tenant's access, over these plug-ins and what the store remembers."""
    return Explainer(
        whereabouts=_whereabouts(plugs, store),
        sites=plugs.sites,
        platforms=plugs.sources,
        records=store,
        clock=clock,
        pauses=pauses,
    )


def planner(plugs: Plugs, store: Store, clock: Clock, pauses: Pauses) -> Planner:
    """Return what tells beforehand what runs would do, by the pacing of these plug-ins' accounts."""
    return Planner(
        selector=Selector(whereabouts=_whereabouts(plugs, store), sites=plugs.sites.keys()),
        lists=SiteLists(listers=plugs.sources, book=store, clock=clock),
        everybody=Everybody(store, clock),
        tenants=_tenant_plans(plugs, store, clock),
        losses=store,
        clock=clock,
        paces=_paces(plugs),
        pauses=pauses,
        in_shadow=in_shadow(plugs.sites),
    )


def _tenant_plans(plugs: Plugs, store: Store, clock: Clock) -> TenantPlans:
    return TenantPlans(sites=plugs.sites, platforms=plugs.sources, records=store, clock=clock)


def _paces(plugs: Plugs) -> Paces:
    return Paces(plugs.platforms, plugs.vendors, limited=plugs.limited)


def resyncer(make_plan: MakePlan, store: Store, clock: Clock) -> Resyncer:
    """Return what puts tenants right on demand."""
    operations = Operations(book=store, clock=clock)
    return Resyncer(make_plan=make_plan, operations=operations, approvals=store, sights=store, clock=clock)


def _whereabouts(plugs: Plugs, store: Store) -> Whereabouts:
    return Whereabouts(desk=store, locators=plugs.sources, sites=plugs.sites.keys())
