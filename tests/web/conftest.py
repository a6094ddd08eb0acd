"""The real receiver over the real store, driven over ASGI."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.domain.deliveries import Sighting
from bridge.domain.ids import ConnectionName, SiteId
from bridge.domain.proposal import PlannedSubject, Proposal
from bridge.domain.whom import Selection
from bridge.ports.source import ChangedRental, MoveJob, NamedJob, SiteListing, SourceContext
from bridge.ports.store import Store
from bridge.service.alerts import Alerts
from bridge.service.breakers import Breakers
from bridge.service.catch_up import CatchUp
from bridge.service.desk import Desk
from bridge.service.erasures import Erasures
from bridge.service.everybody import Everybody
from bridge.service.explain import Explainer
from bridge.service.ledger_proof import LedgerProof
from bridge.service.listing import SiteLists
from bridge.service.missed_moves import MissedMoves
from bridge.service.operations import Operations
from bridge.service.pauses import Pauses
from bridge.service.proof import Proof
from bridge.service.receive import Entrance, Receiver
from bridge.service.resync import Resyncer
from bridge.service.revocations import Revocations
from bridge.service.shadow_report import ShadowReport
from bridge.service.sweep import Sweeper
from bridge.service.tenant_plans import TenantPlans
from bridge.service.trust import Trust
from bridge.service.whereabouts import Whereabouts
from bridge.service.who import Who
from bridge.sources.storeganise import SOURCE
from bridge.store import Keyring, MarkFile, open_sqlite
from bridge.telemetry import Metrics
from bridge.web import operator_app, receiver_app

SECRET = "whs_test_secret"
OLD_SECRET = "whs_old_secret"
BASE_URL = "https://lakesidebox.storeganise.com"
CAP = 4096
SITES = [(ConnectionName("lakeside"), SiteId("site1")), (ConnectionName("hillside"), SiteId("site2"))]


class MovableClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 4, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def event(number: int = 1, type: str = "unitRental.markOverdue", **data: Any) -> bytes:  # noqa: A002 - the entrance's word
    data = data or {"unitRentalId": "66f1a0c2b7d4e90015c0b210"}
    return json.dumps({"id": f"665f0c1e8a7b2d0015aa{number:04}", "type": type, "data": data}).encode()


@dataclass(kw_only=True)
class Listed:
    """A platform that lists what a test says, or fails as it says."""

    rentals: dict[SiteId, tuple[Sighting, ...]] = field(default_factory=dict)
    failures: dict[SiteId, Exception] = field(default_factory=dict)
    changed_at: datetime = datetime(2026, 3, 4, 11, tzinfo=UTC)
    """When all of these rentals have changed."""
    moves: dict[str, MoveJob] = field(default_factory=dict)
    """The jobs that each of these rentals names."""
    asked_after: dict[SiteId, datetime] = field(default_factory=dict)

    async def list_site(self, site: SiteId) -> SiteListing:
        if site in self.failures:
            raise self.failures[site]
        return SiteListing(site=site, sightings=self.rentals.get(site, ()))

    async def list_changed(self, site: SiteId, *, after: datetime) -> Sequence[ChangedRental]:
        self.asked_after[site] = after
        listed = (await self.list_site(site)).sightings
        jobs = tuple(NamedJob(id=job, told_by=("job.unit_moveIn.completed",)) for job in self.moves)
        return [ChangedRental(sighting=seen, updated=self.changed_at, may_earn=True, jobs=jobs) for seen in listed]

    async def read_job(self, site: SiteId, job: str) -> MoveJob | None:
        del site
        return self.moves.get(job)


@dataclass(kw_only=True)
class World:
    client: httpx.AsyncClient
    operator: httpx.AsyncClient
    store: Store
    metrics: Metrics
    clock: MovableClock
    lister: Listed
    planned: list[PlannedSubject] = field(default_factory=list)
    """What a plan finds."""
    nudges: list[None] = field(default_factory=list)

    async def post(
        self,
        body: bytes,
        *,
        signature: str | None = "",
        connection: str = "lakeside",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"Content-Type": "application/json;charset=UTF-8", **(headers or {})}
        if signature is not None:
            sent["sg-signature"] = signature or sign(body)
        return await self.client.post(f"/webhooks/{connection}", content=body, headers=sent)

    async def stored(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.operator.get("/api/v1/deliveries")).json()["deliveries"]
        return rows


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock, metrics = MovableClock(), Metrics()
    store = await open_sqlite(tmp_path / "gb.db", keyring=Keyring(Secret("k" * 40)), clock=clock)
    options = SOURCE.options.model_validate(
        {"base_url": BASE_URL, "api_key": "an-api-key", "webhook_secrets": [SECRET, OLD_SECRET]}
    )
    platform = httpx.AsyncClient(transport=httpx.MockTransport(_nobody), base_url=BASE_URL)
    context = SourceContext(connection=ConnectionName("lakeside"), sites=[], client_for=lambda _: platform)
    alerts, nudges, planned_subjects = Alerts(metrics), list[None](), list[PlannedSubject]()
    receiver = Receiver(
        entrances={ConnectionName("lakeside"): Entrance(verifier=SOURCE.open(options, context))},
        inbox=store,
        alert_sink=store,
        alerts=alerts,
        clock=clock,
        metrics=metrics,
        on_stored=lambda: nudges.append(None),
    )

    async def text() -> bytes:
        return metrics.text(await store.counts())

    async def planned(selection: Selection) -> Proposal:
        del selection
        return Proposal(made_at=clock.now(), subjects=tuple(planned_subjects))

    public = receiver_app(receiver, max_body_bytes=CAP, metrics=text)
    lister = Listed()
    sweeper = Sweeper(
        sites=SITES,
        lists=SiteLists(
            listers=dict.fromkeys((connection for connection, _ in SITES), lister), book=store, clock=clock
        ),
        everybody=Everybody(store, clock),
        tenants=TenantPlans(sites={}, platforms={}, records=store, clock=clock),
        queue=store,
        book=store,
        alert_sink=store,
        alerts=alerts,
        clock=clock,
    )
    pauses = Pauses(
        book=store, adapters=dict(zip(SITES, ("seam", "simulator"), strict=True)), alerts=alerts, clock=clock
    )
    breakers = Breakers({}, alert_sink=store, alerts=alerts, clock=clock, metrics=metrics)
    operator = operator_app(
        desk=Desk(store=store, clock=clock),
        pauses=pauses,
        breakers=breakers,
        shadow_report=ShadowReport(book=store, sites=SITES[:1]),
        revocations=Revocations(
            book=store, history=store, desk=store, sites=SITES, pauses=pauses, breakers=breakers, clock=clock
        ),
        sweeper=sweeper,
        catch_up=CatchUp(
            sites=SITES,
            listers=dict.fromkeys((connection for connection, _ in SITES), lister),
            bookmarks=store,
            marks=store,
            moves=MissedMoves(store),
            alert_sink=store,
            alerts=alerts,
            clock=clock,
            metrics=metrics,
            overlap=timedelta(minutes=10),
        ),
        explain=Explainer(
            whereabouts=Whereabouts(desk=store, locators={}, sites=()),
            sites={},
            platforms={},
            records=store,
            clock=clock,
        ).explain,
        resyncer=Resyncer(
            make_plan=planned,
            operations=Operations(book=store, clock=clock),
            approvals=store,
            sights=store,
            clock=clock,
        ),
        proof=Proof(
            ledger=LedgerProof(book=store, bookmarks=store, alert_sink=store, alerts=alerts, clock=clock),
            who=Who(history=store, zones=dict.fromkeys(SITES, ZoneInfo("Europe/London")), clock=clock),
            erasures=Erasures(eraser=store, clock=clock),
        ),
        trust=Trust(
            store=store,
            marks=MarkFile(tmp_path / "gatebridge.mark"),
            machine=None,
            is_shared=False,
            alerts=alerts,
            clock=clock,
        ),
        nudge=lambda: nudges.append(None),
        metrics=text,
    )
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(public), base_url="http://bridge") as client,
        httpx.AsyncClient(transport=httpx.ASGITransport(operator), base_url="http://operator") as operator_client,
    ):
        yield World(
            client=client,
            operator=operator_client,
            store=store,
            metrics=metrics,
            clock=clock,
            lister=lister,
            planned=planned_subjects,
            nudges=nudges,
        )
    await platform.aclose()
    await store.close()


def _nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError(f"the receiver called {request.url.host}")
