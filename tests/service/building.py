"""Puts a house together, as `bridge.wiring` does a bridge, with wires in the place of the network."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from starlette.applications import Starlette

from adapters.simulator import ADAPTER
from bridge.domain.budgets import SiteBudgets
from bridge.domain.credential import Secret
from bridge.domain.ids import SiteId
from bridge.domain.policy import OverduePolicy, SitePolicy
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.ports.adapter import AdapterContext, AdapterSpec
from bridge.ports.source import Source, SourceContext, SourceSite
from bridge.sandbox.gate import GateKind, GateSettings, build_gate
from bridge.sandbox.platform import (
    RECOMMENDED_EVENTS,
    Event,
    EventType,
    PlatformSettings,
    Sender,
    build_platform,
    demo_world,
)
from bridge.service.alerts import Alerts
from bridge.service.breakers import Breakers, guarded
from bridge.service.catch_up import CatchUp
from bridge.service.converge import Converger
from bridge.service.desk import Desk
from bridge.service.everybody import Everybody
from bridge.service.explain import Explainer
from bridge.service.leases import Leases
from bridge.service.listing import SiteLists
from bridge.service.missed_moves import MissedMoves
from bridge.service.operations import Operations
from bridge.service.planning import Planner
from bridge.service.receive import Entrance, Receiver
from bridge.service.resolve import Resolver
from bridge.service.resync import Resyncer
from bridge.service.retention import Keep, Retention
from bridge.service.selecting import Selector
from bridge.service.shadow import in_shadow, shielded
from bridge.service.sites import ManagedSite
from bridge.service.sweep import Sweeper
from bridge.service.tenant_plans import TenantPlans
from bridge.service.watch import Watch, surveyors
from bridge.service.whereabouts import Whereabouts
from bridge.sources.storeganise import SOURCE
from bridge.store import Keyring, SqlStore, open_sqlite
from bridge.telemetry import Metrics
from bridge.testing.simulation import Simulation
from tests.service.house import CONNECTION, SECRET, SITE, House, MovableClock, Running
from tests.service.wire import Wire

PLATFORM, GATE = "https://lakesidebox.storeganise.com", "https://gate.example.net"
API_KEY = Secret("platform-api-key")


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """An adapter, and the simulation of its vendor."""

    spec: AdapterSpec[Any]
    simulation: Simulation


ZONE = ZoneInfo("Europe/London")


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    gate: GateSettings | None = None,
    gate_elsewhere: GateSettings | None = None,
    overdue: OverduePolicy = OverduePolicy.RENTAL,
    policy: SitePolicy | None = None,
    list_hides_ended: bool = False,
    platform_key: Secret = API_KEY,
    policies: Mapping[SiteId, SitePolicy] | None = None,
    events: frozenset[EventType] = RECOMMENDED_EVENTS,
    now: datetime | None = None,
    business_zone: str = ZONE.key,
    vendor: Vendor | None = None,
    budgets: SiteBudgets | None = None,
    shadow: bool = False,
) -> AsyncIterator[House]:
    """Yield a house whose tenants rent nothing yet. `platform_key` is the one that the platform wants.

    `policies` are those of all the sites that the bridge serves; without them it serves one, by `policy` or else by
    `overdue`. `events` are those that the platform's webhook is set up for. The platform's own daily runs follow
    `business_zone`. With `gate_elsewhere`, the other sites have a controller of their own, perhaps of another kind.
    With `vendor`, the first site's doors are that vendor's. Without `budgets`, nothing is held. With `shadow` all sites
    are in shadow, until `modes` of the house says otherwise and it is opened again.
    """
    clock = MovableClock()
    clock.moment = now or clock.moment
    policies = policies or {SITE: policy or SitePolicy(zone=ZONE, overdue=overdue)}
    world = demo_world(base=clock, zone=business_zone)
    settings = PlatformSettings(api_keys=(platform_key,), public_url=PLATFORM, list_hides_ended=list_hides_ended)
    sender, controller = Sender(world, settings), build_gate(gate, clock)
    other = controller if gate_elsewhere is None else build_gate(gate_elsewhere, clock)
    to_platform, to_gate = Wire(build_platform(world, sender, settings)), Wire(controller)
    to_other = to_gate if other is controller else Wire(other)
    kinds = {SITE: (gate or GateSettings()).kind}
    modes = {"shadow": shadow}
    async with AsyncExitStack() as stack:
        hands = await stack.enter_async_context(_hands(controller))
        platform_client = await stack.enter_async_context(
            make_client(base_url(f"{PLATFORM}/api", key=""), transport=to_platform)
        )
        gate_client = await stack.enter_async_context(make_client(base_url(GATE, key=""), transport=to_gate))
        other_client = await stack.enter_async_context(make_client(base_url(GATE, key=""), transport=to_other))

        async def open_bridge() -> Running:
            store = await open_sqlite(folder / "house.db", keyring=Keyring(Secret("k" * 40)), clock=clock)
            sites = [
                _vendors_site(vendor, site, policy, stack)
                if vendor is not None and site == SITE
                else _site(
                    gate_client if site == SITE else other_client,
                    site,
                    policy,
                    kinds.get(site, (gate_elsewhere or gate or GateSettings()).kind),
                )
                for site, policy in policies.items()
            ]
            guarded_sites = [
                replace(site, budgets=budgets or SiteBudgets(), is_shadow=modes["shadow"]) for site in sites
            ]
            return _bridge(store, clock, _source(platform_client, guarded_sites), guarded_sites)

        house = House(
            clock=clock,
            world=world,
            sender=sender,
            settings=settings,
            bridge=await open_bridge(),
            platform=to_platform,
            gate=to_gate,
            hands=hands,
            modes=modes,
            hands_elsewhere=await stack.enter_async_context(_hands(other)),
            gate_elsewhere=to_other,
            database=folder / "house.db",
            reopen=open_bridge,
        )
        stack.push_async_callback(house.close)
        world.books.subscribe(_listener(house, events))
        yield house


def _source(client: httpx.AsyncClient, managed: Sequence[ManagedSite]) -> Source:
    options = {"base_url": PLATFORM, "api_key": API_KEY.reveal(), "webhook_secrets": [SECRET.reveal()]}
    sites = [SourceSite(id=site.id, field_prefix=site.field_prefix, zone=site.policy.zone) for site in managed]
    context = SourceContext(connection=CONNECTION, sites=sites, client_for=lambda _: client)
    return SOURCE.open(SOURCE.options.model_validate(options), context)


def _site(client: httpx.AsyncClient, site: SiteId, policy: SitePolicy, kind: GateKind) -> ManagedSite:
    options = ADAPTER.options.model_validate({"url": GATE, **kind.model_dump(mode="json")})
    return ManagedSite(
        connection=CONNECTION,
        id=site,
        policy=policy,
        adapter=ADAPTER.open(options, AdapterContext(site=site, client_for=lambda _: client)),
        adapter_key="simulator",
        capabilities=ADAPTER.capabilities(options),
        field_prefix="gate",
    )


def _vendors_site(vendor: Vendor, site: SiteId, policy: SitePolicy, stack: AsyncExitStack) -> ManagedSite:
    options = vendor.spec.options.model_validate(vendor.simulation.options)
    shelf = {"shelf": vendor.simulation.shelf} if hasattr(vendor.simulation, "shelf") else {}

    def client_for(url: str) -> httpx.AsyncClient:
        client = make_client(base_url(url, key=""), transport=Wire(vendor.simulation.app))
        stack.push_async_callback(client.aclose)
        return client

    return ManagedSite(
        connection=CONNECTION,
        id=site,
        policy=policy,
        adapter=vendor.spec.open(options, AdapterContext(site=site, client_for=client_for, **shelf)),
        adapter_key=vendor.spec.key,
        capabilities=vendor.spec.capabilities(options),
        field_prefix="gate",
    )


def _bridge(
    store: SqlStore,
    clock: MovableClock,
    source: Source,
    sites: Sequence[ManagedSite],
) -> Running:
    metrics = Metrics()
    managed = {(CONNECTION, site.id): shielded(site) for site in sites}
    alerts, leases = Alerts(metrics), Leases(store)
    lists, everybody = SiteLists(listers={CONNECTION: source}, book=store, clock=clock), Everybody(store, clock)
    tenants = TenantPlans(sites=managed, platforms={CONNECTION: source}, records=store, clock=clock)
    breakers = Breakers(
        dict.fromkeys(managed, "simulator"), alert_sink=store, alerts=alerts, clock=clock, metrics=metrics
    )
    sweeper = Sweeper(
        sites=managed.keys(),
        lists=lists,
        everybody=everybody,
        tenants=tenants,
        queue=store,
        book=store,
        alert_sink=store,
        alerts=alerts,
        clock=clock,
        shut_sites=breakers.shut_sites,
        in_shadow=in_shadow(managed),
    )
    whereabouts = Whereabouts(desk=store, locators={CONNECTION: source}, sites=managed)
    planner = Planner(
        selector=Selector(whereabouts=whereabouts, sites=managed),
        lists=lists,
        everybody=everybody,
        tenants=tenants,
        losses=store,
        clock=clock,
        in_shadow=in_shadow(managed),
    )
    return Running(
        store=store,
        breakers=breakers,
        leases=leases,
        receiver=Receiver(
            entrances={CONNECTION: Entrance(verifier=source)},
            inbox=store,
            alert_sink=store,
            alerts=alerts,
            clock=clock,
            metrics=metrics,
        ),
        resolver=Resolver(
            readers={CONNECTION: source},
            queue=store,
            records=store,
            sweeper=sweeper,
            alerts=alerts,
            clock=clock,
            metrics=metrics,
        ),
        converger=Converger(
            sites={key: guarded(site, breakers) for key, site in managed.items()},
            watch=Watch(surveyors(managed), clock),
            platforms={CONNECTION: source},
            records=store,
            leases=leases,
            alerts=alerts,
            clock=clock,
            metrics=metrics,
        ),
        sweeper=sweeper,
        catch_up=CatchUp(
            sites=managed.keys(),
            listers={CONNECTION: source},
            bookmarks=store,
            marks=store,
            moves=MissedMoves(store),
            alert_sink=store,
            alerts=alerts,
            clock=clock,
            metrics=metrics,
            overlap=timedelta(minutes=10),
        ),
        retention=Retention(
            pruner=store,
            keep=Keep(bodies=timedelta(days=30), deliveries=timedelta(days=90)),
            alert_sink=store,
            alerts=alerts,
            clock=clock,
        ),
        desk=Desk(store=store, clock=clock),
        explainer=Explainer(
            whereabouts=whereabouts,
            sites=managed,
            platforms={CONNECTION: source},
            records=store,
            clock=clock,
        ),
        resyncer=Resyncer(
            make_plan=planner.plan,
            operations=Operations(book=store, clock=clock),
            approvals=store,
            sights=store,
            clock=clock,
        ),
    )


def _hands(controller: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=controller), base_url=GATE)


def _listener(house: House, events: frozenset[EventType]) -> Callable[[Event], None]:
    def hear(event: Event) -> None:
        if event.type in events:
            house.told.append(event)

    return hear
