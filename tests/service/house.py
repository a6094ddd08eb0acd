"""A whole bridge in one process: the real store, source and adapter, between a simulated platform and a simulated gate.

Nothing happens by itself: the test says what happens on the platform, when its deliveries arrive, and what time it is.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bridge.domain.credential import Secret
from bridge.domain.ids import ConnectionName, SiteId, SiteKey
from bridge.sandbox.platform import (
    LAKESIDE,
    LAKESIDE_ADDON,
    ApiFault,
    Event,
    EventType,
    FaultPlan,
    Hook,
    PlatformSettings,
    Sender,
    Variant,
    World,
)
from bridge.sandbox.platform.envelope import names_job, render, sign
from bridge.sandbox.platform.records import Job, JobType
from bridge.service.breakers import Breakers
from bridge.service.catch_up import CatchUp
from bridge.service.converge import Converger
from bridge.service.desk import Desk
from bridge.service.explain import Explainer
from bridge.service.leases import Leases
from bridge.service.reachable import ReachableSubjects, WatchedRuns
from bridge.service.receive import Receiver
from bridge.service.resolve import Resolver
from bridge.service.resync import Resyncer
from bridge.service.retention import Retention
from bridge.service.shares import Shares
from bridge.service.sweep import Sweeper
from bridge.store import SqlStore
from bridge.worker import Duty, Worker
from tests.service.wire import Wire

CONNECTION = ConnectionName("lakeside")
SITE = SiteId(LAKESIDE)
SECRET = Secret("whs_house")
UNIT_IDS = {
    "B-014": "66f1a0c2b7d4e90015c0d014",
    "B-021": "66f1a0c2b7d4e90015c0d021",
    "B-027": "66f1a0c2b7d4e90015c0d027",
    "B-030": "66f1a0c2b7d4e90015c0d030",
    "B-040": "66f1a0c2b7d4e90015c0d040",
}
MIRA, JONAS = "66f1a0c2b7d4e90015c01777", "66f1a0c2b7d4e90015c01778"
ROUNDS = 30
AT_ONCE = 300


class MovableClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 4, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The bridge's own parts."""

    store: SqlStore
    breakers: Breakers
    leases: Leases
    receiver: Receiver
    resolver: Resolver
    converger: Converger
    sweeper: Sweeper
    catch_up: CatchUp
    retention: Retention
    desk: Desk
    explainer: Explainer
    resyncer: Resyncer


@dataclass(kw_only=True)
class House:
    clock: MovableClock
    world: World
    sender: Sender
    settings: PlatformSettings
    bridge: Running
    platform: Wire
    gate: Wire
    hands: httpx.AsyncClient
    """Somebody in front of the gate controller."""
    hands_elsewhere: httpx.AsyncClient
    gate_elsewhere: Wire
    """The controller of all the sites but the first; it may be the same one."""
    database: Path
    reopen: Callable[[], Awaitable[Running]]
    """Opens another bridge on the same database, which nobody else has open."""
    told: list[Event] = field(default_factory=list)
    """What the platform has published and nobody has delivered yet."""
    past: list[Event] = field(default_factory=list)
    variant: Variant = Variant.PLAIN
    modes: dict[str, bool] = field(default_factory=dict)
    """Whether the sites are in `shadow` when the bridge is opened again."""

    def move_in(self, door: str = "B-014", tenant: str = MIRA, **options: Any) -> str:
        return self.world.move_in(tenant, UNIT_IDS[door], **options).id

    def move_out(self, rental: str) -> None:
        self.world.schedule_move_out(rental)
        self.world.confirm_move_out(rental)

    def transfer(self, rental: str, door: str) -> str:
        return self.world.transfer(rental, UNIT_IDS[door]).id

    def edit(self, rental: str, **fields: str | bool | None) -> None:
        """Write a rental's custom fields as staff do; names come without the prefix."""
        self.world.edit_rental(rental, {f"gate_{name}": value for name, value in fields.items()})

    def map_unit(self, door: str, target: str | None) -> None:
        self.world.edit_unit(UNIT_IDS[door], {"gate_id": target})

    def body(self, event: Event) -> bytes:
        """Return what the platform posts for `event`, in the house's variant of the envelope."""
        variant = Variant.ADDON if event.type is EventType.DAILY else self.variant
        hook = Hook(url="https://bridge", secret=SECRET, variant=variant, addon_id=LAKESIDE_ADDON)
        job = self.world.job_about(event) if names_job(event, variant) else event.job_id
        return render(event, event.id, hook, self.settings, job)

    async def post(self, *bodies: bytes) -> list[str]:
        """Hand signed bodies to the receiver, side by side, and return what it answers."""
        return await asyncio.gather(
            *(self.bridge.receiver.receive(CONNECTION, {"sg-signature": sign(SECRET, body)}, body) for body in bodies)
        )

    async def deliver(self, events: Iterable[Event] | None = None) -> None:
        """Deliver `events`, in this order, or else all that the platform has told."""
        chosen = self.take_told() if events is None else list(events)
        for event in chosen:
            await self.post(self.body(event))

    def take_told(self) -> list[Event]:
        """Return what was told since the last time, and keep it in `past` only."""
        taken, self.told[:] = list(self.told), []
        self.past += taken
        return taken

    async def resolve_due(self) -> int:
        claims = await self.bridge.store.claim_deliveries(AT_ONCE)
        await asyncio.gather(*(self.bridge.resolver.run(claim) for claim in claims))
        return len(claims)

    async def converge_due(self) -> int:
        claims = await self.bridge.store.claim_subjects(AT_ONCE)
        await asyncio.gather(*(self.bridge.converger.run(claim) for claim in claims))
        return len(claims)

    async def settle(self) -> int:
        """Deliver and work until nothing is told and nothing is due, and return the runs of subjects that it took."""
        runs = 0
        for _ in range(ROUNDS):
            await self.deliver()
            resolved = await self.resolve_due()
            converged = await self.converge_due()
            runs += converged
            if not (resolved or converged or self.told):
                return runs
        raise AssertionError("the bridge does not come to rest")

    async def later(self, **delta: float) -> int:
        self.clock.advance(**delta)
        return await self.settle()

    async def restart(self) -> None:
        """End the bridge and start it again: what it remembers is what its store has kept."""
        await self.close()
        self.bridge = await self.reopen()

    async def close(self) -> None:
        await self.bridge.store.close()

    async def sweep(self) -> int:
        await self.bridge.sweeper.sweep()
        return await self.settle()

    async def fault_gate(self, **fault: Any) -> None:
        (await self.hands.post("/sandbox/faults", json=fault)).raise_for_status()

    async def mend_gate(self) -> None:
        (await self.hands.delete("/sandbox/faults")).raise_for_status()

    def fault_platform(self, fault: ApiFault | None) -> None:
        self.sender.faults.plan = FaultPlan(api=fault)

    async def keypad(self, door: str, code: str | None, site: str = LAKESIDE) -> str:
        """Type `code` at `door` and return what the gate says: `ok`, or why not."""
        answer = await self._hands_at(site).post("/keypad", json={"site": site, "target": door, "code": code})
        reason: str = answer.json()["reason"]
        return reason

    def _hands_at(self, site: str) -> httpx.AsyncClient:
        return self.hands if site == LAKESIDE else self.hands_elsewhere

    async def people(self, site: str = LAKESIDE) -> list[dict[str, Any]]:
        """Return who is known at the gate, with codes and doors."""
        state = (await self._hands_at(site).get("/sandbox/state", params={"codes": "true"})).json()
        found: list[dict[str, Any]] = state["sites"].get(site, {"people": []})["people"]
        return found

    async def stranger(self, code: str, *doors: str) -> None:
        """Add somebody by hand at the controller, who is none of the bridge's business."""
        root = f"/sandbox/sites/{LAKESIDE}/people"
        person = (await self.hands.post(root, json={"name": "Installer", "code": code})).json()["result"]["id"]
        for door in doors:
            await self.hands.put(f"{root}/{person}/access/{door}", json={"state": "active"})

    def fields(self, rental: str) -> dict[str, Any]:
        """Return the rental's custom fields on the platform, without the prefix."""
        found = self.world.books.rentals.get(rental).custom_fields
        return {name.removeprefix("gate_"): value for name, value in found.items()}

    def code(self, rental: str) -> str | None:
        return self.fields(rental).get("pinCode")

    def status(self, rental: str) -> str | None:
        return self.fields(rental).get("status")

    def tasks(self) -> Sequence[Job]:
        return [job for job in self.world.books.jobs if job.type is JobType.TASK]

    def open_tasks(self) -> list[str | None]:
        """Return the titles of the tasks that nobody has closed, the oldest first."""
        return [job.data.title for job in self.tasks() if job.state.is_alive]

    async def alerts(self) -> list[str]:
        """Return the alerts' words, the oldest first."""
        return [row.entry.what for row in reversed(await self.bridge.store.list_alerts(limit=100))]

    async def deliveries(self) -> list[str]:
        """Return the deliveries' states, the oldest first."""
        return [str(row.state) for row in reversed(await self.bridge.desk.deliveries(limit=500))]

    async def subjects(self) -> dict[str, int]:
        """Return how many subjects wait, run or are dead, where any do."""
        counts = await self.bridge.desk.counts()
        return {
            row.removeprefix("subject."): count for row, count in counts.items() if count and row.startswith("subject.")
        }

    def ledger(self, kind: str) -> list[str]:
        """Return the words of the ledger's entries of this kind, the oldest first."""
        with closing(sqlite3.connect(self.database.as_uri() + "?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT what FROM ledger WHERE kind = ? ORDER BY id", (kind,)).fetchall()
        return [what for (what,) in rows]

    def worker(
        self,
        *,
        concurrency: int = 16,
        sweep_seconds: float = 3600,
        pruning_seconds: float = 3600,
        catch_up_seconds: float | None = None,
        site_shares: Shares[SiteKey] | None = None,
        duties: Sequence[Duty] = (),
    ) -> Worker:
        """Return a worker; without `catch_up_seconds` it looks for nothing that was missed."""
        return Worker(
            deliveries=self.bridge.store,
            subjects=ReachableSubjects(queue=self.bridge.store, breakers=self.bridge.breakers),
            resolver=self.bridge.resolver,
            converger=WatchedRuns(self.bridge.converger.run, self.bridge.breakers),
            sweeper=self.bridge.sweeper,
            retention=self.bridge.retention,
            clock=self.clock,
            leases=self.bridge.leases,
            turns=self.bridge.store,
            concurrency=concurrency,
            sweep_seconds=sweep_seconds,
            pruning_seconds=pruning_seconds,
            operations=self.bridge.desk.operations,
            catch_up=None if catch_up_seconds is None else self.bridge.catch_up,
            catch_up_seconds=catch_up_seconds or 3600,
            site_shares=site_shares,
            duties=duties,
        )
