"""Many are looked at by one reading of the vendor, that is whole or nobody's answer; whom nobody knows is listed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from adapters.simulator import ADAPTER
from bridge.domain.errors import Anomaly, NotFoundHere, Unsupported
from bridge.domain.ids import SiteId, SubjectKey, TenantId
from bridge.domain.policy import SitePolicy
from bridge.domain.tenancy import Tenant
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.ports.adapter import AdapterContext, Person, person_key
from bridge.service.sites import ManagedSite
from bridge.service.survey import Strangers, surveyed
from tests.service.building import GATE, ZONE
from tests.service.house import CONNECTION, JONAS, MIRA, SITE, House
from tests.service.planning import HERE, planned

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class Looking:
    """A site as it is, and the same looked at by surveys."""

    house: House
    plain: ManagedSite
    site: ManagedSite

    async def observe(self, tenant: str, *, plainly: bool = False) -> Any:
        key = SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(tenant))
        person = Person(key=person_key(key), subject=key, tenant=Tenant(name=""))
        ref = (await self.house.bridge.store.load(key)).ref
        return await (self.plain if plainly else self.site).adapter.observe(person, ref, ())

    def reads(self) -> int:
        """Return how many calls have reached the vendor since the last time."""
        calls = len(self.house.gate.requests)
        self.house.gate.requests.clear()
        return calls


@pytest.fixture
async def looking(house: House) -> AsyncIterator[Looking]:
    for door, tenant in (("B-014", MIRA), ("B-021", JONAS)):
        house.move_in(door, tenant)
    await house.settle()
    house.gate.requests.clear()
    async with make_client(base_url(GATE, key=""), transport=house.gate) as client:
        options = ADAPTER.options.model_validate({"url": GATE})
        plain = ManagedSite(
            connection=CONNECTION,
            id=SITE,
            policy=SitePolicy(zone=ZONE),
            adapter=ADAPTER.open(options, AdapterContext(site=SITE, client_for=lambda _: client)),
            adapter_key="simulator",
            capabilities=ADAPTER.capabilities(options),
            field_prefix="gate",
        )
        yield Looking(house=house, plain=plain, site=surveyed(plain, house.clock))


async def test_all_are_seen_as_they_are_by_one_reading(looking: Looking) -> None:
    seen = [await looking.observe(tenant) for tenant in (MIRA, JONAS, "nobody")]
    assert looking.reads() == 2
    assert seen == [await looking.observe(tenant, plainly=True) for tenant in (MIRA, JONAS, "nobody")]
    assert [one.exists for one in seen] == [True, True, False]


async def test_those_who_ask_at_once_share_a_reading(looking: Looking) -> None:
    seen = await asyncio.gather(*(looking.observe(tenant) for tenant in (MIRA, JONAS) * 5))
    assert len(seen) == 10
    assert looking.reads() == 2


async def test_a_reading_is_believed_for_minutes_and_not_for_ever(looking: Looking) -> None:
    await looking.observe(MIRA)
    looking.house.clock.advance(seconds=110)
    await looking.observe(JONAS)
    assert looking.reads() == 2
    looking.house.clock.advance(seconds=10)
    await looking.observe(JONAS)
    assert looking.reads() == 2


async def test_who_is_cut_off_does_not_end_the_reading_of_the_others(looking: Looking) -> None:
    looking.house.gate.hold_answers("GET")
    first = asyncio.create_task(looking.observe(MIRA))
    await looking.house.gate.held.wait()
    second = asyncio.create_task(looking.observe(JONAS))
    first.cancel()
    await asyncio.sleep(0)
    looking.house.gate.release()
    assert (await second).exists
    assert looking.reads() == 2
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_list_that_is_shorter_than_the_vendor_counts_is_nobodys_answer(looking: Looking) -> None:
    def cut_short(request: httpx.Request, answer: Any) -> Any:
        if not request.url.path.endswith("/people"):
            return answer
        return {**answer, "result": {"people": answer["result"]["people"][:1], "more": False}}

    looking.house.gate.spoil = cut_short
    for tenant in (MIRA, JONAS, MIRA):
        with pytest.raises(Anomaly, match="counts"):
            await looking.observe(tenant)
    assert looking.reads() == 2, "what cannot be read at once is not asked one by one"
    looking.house.gate.spoil = None
    looking.house.clock.advance(minutes=2)
    assert (await looking.observe(JONAS)).exists


async def test_another_sites_list_is_nobodys_answer(looking: Looking) -> None:
    looking.house.gate.spoil = lambda _, answer: {**answer, "site": "somewhere else"}
    with pytest.raises(Anomaly):
        await looking.observe(MIRA)


async def test_who_was_there_and_is_not_listed_is_looked_for_by_themselves(looking: Looking) -> None:
    (mira, *_) = await looking.house.people()
    await looking.house.hands.delete(f"/sandbox/sites/{SITE}/people/{mira['id']}")
    assert not (await looking.observe(MIRA)).exists
    assert looking.reads() > 2
    await looking.observe(JONAS)
    assert looking.reads() == 0


async def test_a_plan_from_a_survey_is_the_plan_from_each_look(looking: Looking) -> None:
    house = looking.house
    house.move_in("B-030", "66f1a0c2b7d4e90015c01779")
    (mira, *_) = await house.people()
    await house.hands.delete(f"/sandbox/sites/{SITE}/people/{mira['id']}/access/B-014")
    plain = await planned(house, HERE)
    planner = house.bridge.resyncer._make_plan.__self__  # type: ignore[attr-defined]  # the house keeps it nowhere else
    planner._sites = {(CONNECTION, SITE): looking.site}
    looking.reads()
    at_once = await planned(house, HERE)
    assert at_once.lines() == plain.lines() != {}
    assert looking.reads() == 2


async def test_a_vendor_that_cannot_be_read_at_once_is_asked_as_ever(looking: Looking) -> None:
    plain = replace(looking.plain, capabilities=replace(looking.plain.capabilities, surveys=False))
    assert surveyed(plain, looking.house.clock) is plain


async def test_what_nobody_known_has_is_listed_and_told_from_what_a_bridge_made(looking: Looking) -> None:
    house = looking.house
    await house.stranger("590274", "Office")
    root = f"/sandbox/sites/{SITE}/people"
    forgotten = {"name": "Gone", "code": "604197", "external_key": f"{CONNECTION}:{SITE}:somebody-of-yesterday"}
    (await house.hands.post(root, json=forgotten)).raise_for_status()
    strangers = Strangers(sites={(CONNECTION, SITE): looking.plain}, desk=house.bridge.store)
    found = await strangers.at(SITE)
    assert [(one.is_ours, dict(one.entries)) for one in found] == [(False, {"Office": "active"}), (True, {})]
    assert house.gate.writes() == []


async def test_strangers_are_asked_for_where_they_can_be(looking: Looking) -> None:
    plain = replace(looking.plain, capabilities=replace(looking.plain.capabilities, surveys=False))
    strangers = Strangers(sites={(CONNECTION, SITE): plain}, desk=looking.house.bridge.store)
    with pytest.raises(Unsupported, match="simulator"):
        await strangers.at(SITE)
    with pytest.raises(NotFoundHere):
        await strangers.at(SiteId("elsewhere"))
