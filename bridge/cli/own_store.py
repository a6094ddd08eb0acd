"""The operator API over a store that no running bridge owns."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from starlette.applications import Starlette

from bridge.domain.ids import SiteId
from bridge.domain.proposal import Proposal
from bridge.domain.whom import Selection, Whom
from bridge.ports.clock import SystemClock
from bridge.ports.survey import Stranger
from bridge.service.alerts import Alerts
from bridge.service.desk import Desk
from bridge.service.explain import Explanation
from bridge.service.survey import Strangers
from bridge.settings import Settings
from bridge.store import LateShelves
from bridge.telemetry import Metrics
from bridge.web import operator_app
from bridge.wiring import (
    NO_PLUGS,
    breaking,
    catching_up,
    explainer,
    open_store,
    pausing,
    planner,
    plug_in,
    proving,
    resyncer,
    revoking,
    shadow_report,
    sweeping,
    trusting,
)


@asynccontextmanager
async def operating_alone(settings: Settings, *, asks_platforms: bool) -> AsyncIterator[Starlette]:
    """Own the store inside the block and give the API over it; what it marks due waits for the next `serve`.

    Plug-ins are opened only for what `asks_platforms`: the store can be looked into whatever is wrong with them.
    """
    metrics, shelves = Metrics(), LateShelves()
    async with AsyncExitStack() as stack:
        opened = NO_PLUGS
        if asks_platforms:
            opened = await stack.enter_async_context(plug_in(settings, metrics, shelves))
        store = shelves.store = await stack.enter_async_context(open_store(settings, metrics, SystemClock()))
        alerts, clock = Alerts(metrics), store.clock
        pauses = pausing(settings, store, alerts, clock)
        breakers = breaking(settings, store, alerts, clock, metrics)

        async def text() -> bytes:
            return metrics.text({**await store.counts(), **await pauses.counts()})

        async def explain(whom: Whom, *, at: datetime | None = None) -> Explanation:
            # Only this question and the next two need the plug-ins: no other command may fail for one of them.
            async with plug_in(settings, metrics, store) as plugs:
                return await explainer(plugs, store, clock, pauses).explain(whom, at=at)

        async def plan(selection: Selection) -> Proposal:
            async with plug_in(settings, metrics, store) as plugs:
                return await planner(plugs, store, clock, pauses).plan(selection)

        async def strangers(site: SiteId) -> Sequence[Stranger]:
            async with plug_in(settings, metrics, store) as plugs:
                return await Strangers(sites=plugs.sites, desk=store).at(site)

        yield operator_app(
            desk=Desk(store=store, clock=clock, strangers=strangers),
            pauses=pauses,
            breakers=breakers,
            sweeper=sweeping(opened, store, alerts=alerts, clock=clock),
            catch_up=catching_up(settings, opened.sources, store, alerts=alerts, clock=clock, metrics=metrics),
            explain=explain,
            resyncer=resyncer(plan, store, clock),
            proof=proving(settings, store, alerts, clock),
            revocations=revoking(settings, store, pauses, breakers, clock),
            shadow_report=shadow_report(settings, store),
            trust=trusting(settings, store, alerts, clock),
            nudge=lambda: None,
            metrics=text,
        )
