"""The world that a scenario is played in, and how time passes and deliveries arrive there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bridge.domain.ids import SiteId
from bridge.domain.policy import SitePolicy
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.platform import LAKESIDE, RECOMMENDED_EVENTS, Event, EventType, Variant
from bridge.settings import PolicySettings
from tests.scenarios.codes import CodeBook
from tests.scenarios.names import HILLTOP, Names
from tests.scenarios.story import BadScenario, SiteSetup, Step, Story
from tests.service.building import open_house
from tests.service.house import ROUNDS, House

UNITS_AT_HILLTOP = {"H-001": "66f1a0c2b7d4e90015c0d101", "H-002": "66f1a0c2b7d4e90015c0d102"}
MOST_WAKES = 2000
UNITS_OF_TIME = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class NoSuchPolicy(Exception):
    """The bridge does not know a policy that the scenario sets."""


class Stage:
    def __init__(self, house: House, story: Story) -> None:
        self.house = house
        self.names = Names(house.world)
        self.codes = CodeBook(house)
        self.zone = ZoneInfo(story.site.zone)
        self.answers: list[str] = []

    async def pass_time(self, step: Step) -> None:
        """Go on to the step's moment, doing on the way all that falls due, on the platform and in the bridge.

        Where the step is about deliveries that do not arrive as they should, the bridge sleeps until then.
        """
        moment = self._moment(step)
        if moment is None:
            return
        if moment < self.house.clock.now():
            raise BadScenario("time does not go back")
        if step.is_quiet:
            self.house.clock.moment = moment
            self.house.world.catch_up()
            return
        for _ in range(MOST_WAKES):
            wake = await self._next_wake()
            if wake is None or wake >= moment:
                break
            await self._wake_at(max(wake, self.house.clock.now()))
        else:
            raise AssertionError("the bridge is woken without end")
        await self._wake_at(moment)

    async def deliver(self, how: str) -> None:
        """Bring what the platform has told: in order, the newest first and each worked off, several times, or never."""
        told = self.house.take_told()
        if how == "lost":
            return
        if how == "newest first":
            for event in reversed(told):
                await self.post(self.house.body(event))
                await self.settle()
            return
        copies = 1 if how == "in order" else int(how.split(maxsplit=1)[0])
        for event in told:
            await self.post(*[self.house.body(event)] * copies)

    async def post(self, *bodies: bytes) -> None:
        self.answers += await self.house.post(*bodies)

    async def settle(self) -> None:
        """Deliver and work until nothing is told and nothing is due: as the house does, asking before it claims."""
        store = self.house.bridge.store
        for _ in range(ROUNDS):
            await self.house.deliver()
            has_looked_up = self._is_due(await store.next_delivery_due()) and await self.house.resolve_due()
            has_run = self._is_due(await store.next_subject_due()) and await self.house.converge_due()
            if not (has_looked_up or has_run or self.house.told):
                return
        raise AssertionError("the bridge does not come to rest")

    async def work(self, until: bool | Literal["stored", "looked up"]) -> None:  # noqa: FBT001 - the file's own word
        if until is True:
            await self.settle()
        elif until == "looked up":
            await self.house.resolve_due()

    def last_told(self, event_type: str) -> Event:
        for event in reversed(self.house.past):
            if event.type == event_type:
                return event
        raise BadScenario(f"no {event_type} was ever told")

    def _is_due(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.house.clock.now()

    def _moment(self, step: Step) -> datetime | None:
        if step.after is not None:
            return self.house.clock.now() + _length(step.after)
        return None if step.at is None else moment_of(step.at, self.zone)

    async def _wake_at(self, moment: datetime) -> None:
        self.house.clock.moment = moment
        self.house.world.catch_up()
        await self.settle()

    async def _next_wake(self) -> datetime | None:
        world, now = self.house.world, self.house.clock.now()
        day = now.astimezone(world.clock.zone).date()
        runs = [world.clock.moment_of(day + timedelta(days=n), hour) for n in (0, 1) for hour in (time(0), time(13))]
        store = self.house.bridge.store
        dues = [await store.next_delivery_due(), await store.next_subject_due(), *(run for run in runs if run > now)]
        return min((due for due in dues if due is not None), default=None)


@asynccontextmanager
async def set_up(story: Story, folder: Path) -> AsyncIterator[Stage]:
    """Yield the stage as the scenario wants it. Raises `NoSuchPolicy`."""
    kind = GateKind.model_validate(story.gate.model_dump(exclude={"capacity"}))
    policies = {SiteId(LAKESIDE): _policy(story.site)}
    if story.hilltop is not None:
        policies[SiteId(HILLTOP)] = _policy(story.hilltop)
    async with open_house(
        folder,
        gate=GateSettings(capacity=story.gate.capacity, kind=kind),
        list_hides_ended=story.platform.hides_ended,
        policies=policies,
        events=frozenset(EventType) if story.platform.events == "all" else RECOMMENDED_EVENTS | {EventType.DAILY},
        now=moment_of(story.now, ZoneInfo(story.site.zone)),
        business_zone=story.platform.zone,
    ) as house:
        house.variant = Variant(story.platform.envelope)
        if story.hilltop is not None:
            house.world.create_site(code="hilltop", title="Hilltop", site_id=HILLTOP)
            for name, unit_id in UNITS_AT_HILLTOP.items():
                house.world.create_unit(HILLTOP, name, unit_id=unit_id, fields={"gate_id": name})
        yield Stage(house, story)


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC: the site's wall clock, unless the text has an offset of its own."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadScenario(f"{text!r} is no moment like 2026-03-04 12:00") from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)


def _length(text: str) -> timedelta:
    number, _, unit = text.partition(" ")
    seconds = UNITS_OF_TIME.get(unit.removesuffix("s"))
    if seconds is None or not number.isdigit():
        raise BadScenario(f"{text!r} is no length of time like 2 hours")
    return timedelta(seconds=int(number) * seconds)


def _policy(setup: SiteSetup) -> SitePolicy:
    try:
        read = PolicySettings.model_validate(setup.policy)
    except ValidationError as error:
        raise NoSuchPolicy(str(error)) from None
    return read.at(ZoneInfo(setup.zone))
