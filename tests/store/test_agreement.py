"""SQLite and memory answer the same to any history: what other rooms test on the twin holds for the product."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord
from bridge.domain.credential import GateCode
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import BridgeError
from bridge.domain.ids import DeliveryId, RentalId, SiteId
from bridge.domain.outcome import Dead, Done, Outcome, RetryAt
from bridge.ports.store import DeliverySettlement, Priority, Store, SubjectCommit
from tests.contracts.store_builders import LAKESIDE, SetClock, a_delivery, a_key, a_sighting, an_entry
from tests.contracts.store_engines import opened

Step = tuple[str, int, int]
WORDS = ["put", "claim_d", "settle", "claim_s", "commit", "code", "replay", "sweep", "sweep_site", "forward", "back"]
STEPS = st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 3), st.integers(0, 3)), max_size=40)


class Player:
    """Plays a history on one store and notes what it answered."""

    def __init__(self, store: Store, clock: SetClock) -> None:
        self.store = store
        self.clock = clock
        self.deliveries: list[Any] = []
        self.subjects: list[Any] = []
        self.said: list[Any] = []

    async def play(self, step: Step) -> None:
        word, one, two = step
        acts: dict[str, Callable[[int, int], Awaitable[Any]]] = {
            "put": self.put,
            "claim_d": self.claim_deliveries,
            "settle": self.settle,
            "claim_s": self.claim_subjects,
            "commit": self.commit,
            "code": self.take_code,
            "replay": lambda one, _: self.store.replay_delivery(DeliveryId(one + 1), an_entry()),
            "sweep": lambda *_: self.store.mark_known(priority=Priority.SWEEP),
            "sweep_site": self.sweep_site,
            "forward": self.forward,
            "back": self.back,
        }
        try:
            self.said.append(await acts[word](one, two))
        except BridgeError as error:
            self.said.append(type(error))
        self.said.append([await self.store.next_delivery_due(), await self.store.next_subject_due()])

    def outcome(self, choice: int, place: int) -> Outcome:
        later = self.clock.now() + timedelta(seconds=30)
        retry = RetryAt(when=later, why="no answer", is_parked=place % 2 == 1)
        return (Done(), Done(next_due=later), retry, Dead(why="never"))[choice]

    async def put(self, event: int, state: int) -> Any:
        states = (DeliveryState.NEW, DeliveryState.NEW, DeliveryState.TEST, DeliveryState.QUARANTINED)
        return await self.store.put(a_delivery(str(event), at=self.clock.now(), state=states[state]))

    async def claim_deliveries(self, limit: int, _: int) -> Any:
        claims = await self.store.claim_deliveries(limit)
        self.deliveries += claims
        return claims

    async def settle(self, place: int, choice: int) -> Any:
        if not self.deliveries:
            return None
        claim = self.deliveries[-1 - place % len(self.deliveries)]
        seen = (a_sighting(a_key(f"t{place}")), a_sighting(a_key(f"t{choice}", f"site{choice % 2 + 1}"), "shared"))
        priority = (Priority.EMERGENCY, Priority.LIVE, Priority.SWEEP)[place % 3]
        link = {RentalId("shared"): RentalId(f"rental-of-t{place}")}
        outcome = self.outcome(choice, place)
        end = DeliverySettlement(outcome=outcome, sightings=seen, transfers=link, priority=priority)
        return await self.store.settle_delivery(claim, end)

    async def claim_subjects(self, limit: int, _: int) -> Any:
        claims = await self.store.claim_subjects(limit)
        self.subjects += claims
        return claims

    async def commit(self, place: int, choice: int) -> Any:
        if not self.subjects:
            return None
        claim = self.subjects[-1 - place % len(self.subjects)]
        access = (AccessRecord(rental=RentalId("shared"), reasons=frozenset({str(choice)})),)
        end = SubjectCommit(outcome=self.outcome(choice, place), access=access, retire_code=choice == 0)
        return await self.store.commit(claim, end)

    async def take_code(self, place: int, choice: int) -> Any:
        if not self.subjects:
            return None
        claim = self.subjects[-1 - place % len(self.subjects)]
        return await self.store.take_code(claim, GateCode(f"48291{choice}"), an_entry())

    async def sweep_site(self, one: int, _: int) -> int:
        site = SiteId(("site1", "site2")[one % 2])
        return await self.store.mark_known(priority=Priority.SWEEP, site=(LAKESIDE, site))

    async def forward(self, one: int, two: int) -> None:
        self.clock.move(seconds=(1, 29, 61, 130)[one], days=(0, 0, 0, 91)[two])

    async def back(self, one: int, two: int) -> None:
        self.clock.move(seconds=-(0, 10, 3600, 100_000)[one] - two)

    async def look(self) -> None:
        """Note all that can be read."""
        self.said.append(await self.store.counts())
        self.said.append(await self.store.list_deliveries(state=None, connection=None, limit=99, before=None))
        for number in range(4):
            record = await self.store.load(a_key(f"t{number}"))
            codes = [record.codes.current, *record.codes.earlier]
            told = [code and code.reveal() for code in codes]
            self.said.append((record.access, record.links, record.elsewhere, told))


async def history(engine: str, folder: Path, steps: list[Step]) -> list[Any]:
    clock = SetClock()
    async with opened(engine, folder, clock) as store:
        player = Player(store, clock)
        for step in steps:
            await player.play(step)
        await player.look()
        return player.said


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_memory_and_sqlite_answer_alike(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sqlite = asyncio.run(history("sqlite", Path(folder), steps))
    assert asyncio.run(history("memory", Path(), steps)) == sqlite
