"""What is paused is left alone until it is resumed, and everything else goes on."""

import pytest

from bridge.domain.errors import NotFoundHere, StoreUnavailable
from bridge.domain.ids import SiteId, SiteKey
from bridge.domain.pauses import Place, Scope
from bridge.service.alerts import Alerts
from bridge.service.pauses import Pauses, UnpausedSubjects
from bridge.telemetry import Metrics
from bridge.testing.memory_store import MemoryStore
from tests.contracts.store_builders import LAKESIDE, SetClock, a_key, mark, tenants

pytestmark = pytest.mark.anyio
ADAPTERS: dict[SiteKey, str] = {
    (LAKESIDE, SiteId("site1")): "seam",
    (LAKESIDE, SiteId("site2")): "simulator",
    (LAKESIDE, SiteId("site3")): "seam",
}
EVERYTHING = Place(scope=Scope.ALL)
SEAM = Place(scope=Scope.ADAPTER, name="seam")
SITE2 = Place(scope=Scope.SITE, name="site2")


def over(store: MemoryStore, clock: SetClock) -> Pauses:
    return Pauses(book=store, adapters=ADAPTERS, alerts=Alerts(Metrics()), clock=clock)


@pytest.fixture
async def store() -> MemoryStore:
    store = MemoryStore(SetClock())
    await mark(store, *(a_key(site, site=site) for site in ("site1", "site2", "site3", "unconfigured")))
    return store


@pytest.mark.parametrize(
    ("places", "worked_on"),
    [
        ((), ["site1", "site2", "site3", "unconfigured"]),
        ((SITE2,), ["site1", "site3", "unconfigured"]),
        ((SEAM,), ["site2", "unconfigured"]),
        ((SEAM, SITE2), ["unconfigured"]),
        ((EVERYTHING,), []),
    ],
)
async def test_only_what_is_not_paused_is_worked_on(
    store: MemoryStore, places: tuple[Place, ...], worked_on: list[str]
) -> None:
    pauses = over(store, SetClock())
    queue = UnpausedSubjects(queue=store, pauses=pauses)
    for place in places:
        await pauses.pause(place, who="sam", reason="new locks")
    due = await queue.next_subject_due()
    assert sorted(tenants(await queue.claim_subjects(10))) == worked_on
    assert (due is None) == (not worked_on), "nothing paused may keep the worker awake"


async def test_what_two_pauses_cover_needs_both_resumed(store: MemoryStore) -> None:
    pauses = over(store, SetClock())
    queue = UnpausedSubjects(queue=store, pauses=pauses)
    await pauses.pause(EVERYTHING, who="sam", reason="new locks")
    await pauses.pause(SITE2, who="sam", reason="new roof")
    await pauses.resume(EVERYTHING, who="sam")
    assert "site2" not in tenants(await queue.claim_subjects(10))
    await pauses.resume(SITE2, who="sam")
    assert tenants(await queue.claim_subjects(10)) == ["site2"]


async def test_a_pause_is_known_after_a_restart(store: MemoryStore) -> None:
    await over(store, SetClock()).pause(EVERYTHING, who="sam", reason="new locks")
    again = over(store, SetClock())
    assert [str(pause) for pause in await again.current()] == [
        "everything is paused since 2026-03-01 12:00 UTC by sam: new locks"
    ]
    assert await UnpausedSubjects(queue=store, pauses=again).claim_subjects(10) == []


async def test_pausing_twice_keeps_the_first(store: MemoryStore) -> None:
    clock = SetClock()
    pauses = over(store, clock)
    first = await pauses.pause(SITE2, who="sam", reason="new locks")
    clock.move(hours=1)
    assert await pauses.pause(SITE2, who="kim", reason="another") == first
    assert [(entry.what, entry.details["who"]) for entry in store.ledger] == [("paused", "sam")]
    assert await pauses.counts() == {"pause.all": 0, "pause.adapter": 0, "pause.site": 1}


@pytest.mark.parametrize("place", [Place(scope=Scope.SITE, name="site9"), Place(scope=Scope.ADAPTER, name="brivo")])
async def test_what_is_not_configured_cannot_be_paused(store: MemoryStore, place: Place) -> None:
    with pytest.raises(NotFoundHere, match=place.name):
        await over(store, SetClock()).pause(place, who="sam", reason="new locks")


async def test_a_site_that_was_removed_from_the_configuration_can_still_be_resumed(store: MemoryStore) -> None:
    await over(store, SetClock()).pause(SITE2, who="sam", reason="new locks")
    pauses = Pauses(book=store, adapters={}, alerts=Alerts(Metrics()), clock=SetClock())
    await pauses.resume(SITE2, who="sam")
    assert await pauses.current() == ()
    with pytest.raises(NotFoundHere, match="site2"):
        await pauses.resume(SITE2, who="sam")


async def test_a_store_that_fails_leaves_nothing_half_known(store: MemoryStore) -> None:
    pauses = over(store, SetClock())
    assert await pauses.current() == ()
    store.failing = "the disk is full"
    with pytest.raises(StoreUnavailable):
        await pauses.pause(EVERYTHING, who="sam", reason="new locks")
    store.failing = None
    assert await pauses.current() == ()
    await pauses.pause(EVERYTHING, who="sam", reason="new locks")
    assert await pauses.paused_sites() is None
