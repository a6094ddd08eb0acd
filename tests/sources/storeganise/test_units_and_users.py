"""Events about a unit or a person lead to rentals; the add-on's daily sign leads to its site."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Anomaly, Rejected, Unauthorized, Unreachable
from bridge.domain.ids import SubjectKey
from bridge.ports.source import Resolution
from tests.sources.storeganise.platform_wire import (
    ADDON,
    ADDON_KEY,
    API_KEY,
    CONNECTION,
    OTHER_SITE,
    RENTAL,
    SITE,
    SUBJECT,
    TENANT,
    PlatformWire,
    delivery,
    fixture,
    open_source,
    site,
)

pytestmark = pytest.mark.anyio

UNIT = "66f1a0c2b7d4e90015c0d014"
JOB = "66f1a0c2b7d4e90015c0c311"
UNIT_EVENTS = ["unit.updated", "unit.blocked", "unit.unblocked"]
USER, DAILY = "user.updated", "addon.dailyEvent.started"
SEEN = Sighting(subject=SUBJECT, rental=RENTAL)
THERE = SubjectKey(connection=CONNECTION, site=OTHER_SITE, tenant=TENANT)


@pytest.fixture
def wire() -> PlatformWire:
    platform = PlatformWire()
    platform.answer(f"units/{UNIT}", fixture("unit"))
    platform.answer(f"unit-rentals/{RENTAL}", fixture("rental_occupied"))
    return platform


def rents(wire: PlatformWire, *rows: dict[str, Any], ignores_site: bool = False) -> None:
    """Answer lists of the user's rentals by site, as the platform does."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        found = [row for row in rows if ignores_site or row["siteId"] == asked["siteId"]]
        return httpx.Response(200, json=found[int(asked["offset"]) :])

    wire.answer_with("unit-rentals", answer)


def rental(rental_id: str, *, state: str = "occupied", at: str = SITE, owner: str = TENANT) -> dict[str, Any]:
    row = fixture("rental_occupied", id=rental_id, state=state, siteId=at, ownerId=owner)
    return {name: value for name, value in row.items() if name not in {"unit", "owner", "customFields"}}


def rentals(resolution: Resolution) -> Sequence[str]:
    return [sighting.rental for sighting in resolution.sightings]


class TestUnits:
    @pytest.mark.parametrize("event_type", UNIT_EVENTS)
    async def test_a_changed_unit_leads_to_the_rental_that_holds_it(self, wire: PlatformWire, event_type: str) -> None:
        resolution = await open_source(wire).resolve(delivery(event_type, {"unitId": UNIT, "changedKeys": ["name"]}))
        assert (resolution.sightings, resolution.echoes) == ((SEEN,), {})
        assert wire.calls == [f"GET units/{UNIT}", f"GET unit-rentals/{RENTAL}"]
        assert wire.asked[0].url.params["include"] == "customFields"

    @pytest.mark.parametrize("rental_id", [None, ""])
    async def test_a_unit_that_nobody_rents_is_noted(self, wire: PlatformWire, rental_id: str | None) -> None:
        wire.answer(f"units/{UNIT}", fixture("unit", state="available", rentalId=rental_id))
        resolution = await open_source(wire).resolve(delivery("unit.updated", {"unitId": UNIT}))
        assert resolution.ignored == "the unit is not rented"

    async def test_the_tenant_is_the_rentals_owner_and_never_the_units(self, wire: PlatformWire) -> None:
        wire.answer(f"units/{UNIT}", fixture("unit", ownerId="somebody-else"))
        resolution = await open_source(wire).resolve(delivery("unit.updated", {"unitId": UNIT}))
        assert resolution.sightings == (SEEN,)

    async def test_a_unit_of_a_site_that_is_not_configured_costs_one_call(self, wire: PlatformWire) -> None:
        resolution = await open_source(wire, [site(OTHER_SITE)]).resolve(delivery("unit.updated", {"unitId": UNIT}))
        assert resolution.ignored == "site not configured"
        assert len(wire.calls) == 1

    async def test_a_rental_of_a_site_that_is_not_configured_is_ignored(self, wire: PlatformWire) -> None:
        wire.answer(f"unit-rentals/{RENTAL}", fixture("rental_occupied", siteId=OTHER_SITE))
        resolution = await open_source(wire).resolve(delivery("unit.updated", {"unitId": UNIT}))
        assert resolution.ignored == "site not configured"

    async def test_a_unit_that_the_platform_does_not_know_is_tried_again(self) -> None:
        with pytest.raises(Anomaly, match="is not found"):
            await open_source(PlatformWire()).resolve(delivery("unit.updated", {"unitId": UNIT}))

    async def test_an_answer_about_another_unit_is_an_anomaly(self, wire: PlatformWire) -> None:
        wire.answer(f"units/{UNIT}", fixture("unit", id="66f1a0c2b7d4e90015c0d021"))
        with pytest.raises(Anomaly, match="another one"):
            await open_source(wire).resolve(delivery("unit.updated", {"unitId": UNIT}))

    @pytest.mark.parametrize("data", [{}, {"unitId": ""}, {"unitId": "../users"}, {"unitId": 7}, {"unitRentalId": "r"}])
    async def test_an_event_that_names_no_unit_is_set_aside_without_a_call(self, wire: PlatformWire, data: Any) -> None:
        with pytest.raises(Rejected):
            await open_source(wire).resolve(delivery("unit.updated", data))
        assert wire.asked == []


class TestUsers:
    SITES = (site(), site(OTHER_SITE))

    async def test_a_changed_user_leads_to_all_rentals_that_are_not_over_at_every_site(
        self, wire: PlatformWire
    ) -> None:
        states = ["occupied", "reserved", "submitted", "sealed", "ended", "cancelled", "canceled", "abandoned"]
        rents(wire, *(rental(state, state=state) for state in states), rental("there", at=OTHER_SITE))
        resolution = await open_source(wire, self.SITES).resolve(delivery(USER, {"userId": TENANT}))
        assert rentals(resolution) == ["occupied", "reserved", "submitted", "sealed", "there"]
        assert {sighting.subject for sighting in resolution.sightings} == {SUBJECT, THERE}

    async def test_a_site_costs_one_call_that_asks_for_nothing_to_be_included(self, wire: PlatformWire) -> None:
        rents(wire, rental("here"))
        await open_source(wire, self.SITES).resolve(delivery(USER, {"userId": TENANT, "jobId": JOB}))
        assert wire.calls == ["GET unit-rentals"] * 2
        assert not [request for request in wire.asked if "include" in request.url.params]

    async def test_every_site_is_asked_with_its_own_key(self, wire: PlatformWire) -> None:
        rents(wire, rental("here"))
        sites = [site(addon_id=ADDON), site(OTHER_SITE, addon_id="addon-there")]
        source = open_source(wire, sites, api_key=None, addon_key=ADDON_KEY)
        await source.resolve(delivery(USER, {"userId": TENANT}, addonId=ADDON))
        assert wire.keys == {f"Addon {ADDON}|{ADDON_KEY}", f"Addon addon-there|{ADDON_KEY}"}

    async def test_more_rentals_than_a_page_are_all_seen(self, wire: PlatformWire) -> None:
        rows = [rental(f"r{number:03}") for number in range(120)]
        wire.listing("unit-rentals", rows)
        resolution = await open_source(wire).resolve(delivery(USER, {"userId": TENANT}))
        assert len(set(rentals(resolution))) == 120

    async def test_somebody_who_rents_nothing_is_noted(self, wire: PlatformWire) -> None:
        rents(wire, rental("over", state="ended"))
        resolution = await open_source(wire).resolve(delivery(USER, {"userId": TENANT}))
        assert (resolution.ignored, resolution.sightings) == ("the user rents nothing here", ())

    async def test_a_job_tells_the_user_where_the_event_does_not(self, wire: PlatformWire) -> None:
        wire.answer(f"jobs/{JOB}", fixture("job_move_in"))
        rents(wire, rental("here"))
        resolution = await open_source(wire).resolve(delivery(USER, {"jobId": JOB}))
        assert rentals(resolution) == ["here"]
        assert wire.asked[-1].url.params["ownerId"] == TENANT

    async def test_a_job_that_names_no_user_is_tried_again(self, wire: PlatformWire) -> None:
        wire.answer(f"jobs/{JOB}", fixture("job_move_in_never_started"))
        with pytest.raises(Anomaly, match="names no user"):
            await open_source(wire).resolve(delivery(USER, {"jobId": JOB}))

    @pytest.mark.parametrize("row", [rental("other", owner="somebody-else"), rental("other", at=OTHER_SITE)])
    async def test_a_list_that_ignores_the_question_proves_nothing(
        self, wire: PlatformWire, row: dict[str, Any]
    ) -> None:
        rents(wire, rental("here"), row, ignores_site=True)
        with pytest.raises(Anomaly, match="among them"):
            await open_source(wire).resolve(delivery(USER, {"userId": TENANT}))

    async def test_one_site_that_cannot_be_read_has_the_event_tried_again(self, wire: PlatformWire) -> None:
        wire.answer("unit-rentals", status=503)
        with pytest.raises(Unreachable):
            await open_source(wire, self.SITES).resolve(delivery(USER, {"userId": TENANT}))

    @pytest.mark.parametrize("data", [{}, {"userId": "a,b"}, {"userId": "a@example.net"}, {"userId": 7}])
    async def test_an_event_that_names_no_user_is_set_aside_without_a_call(self, wire: PlatformWire, data: Any) -> None:
        with pytest.raises(Rejected):
            await open_source(wire).resolve(delivery(USER, data))
        assert wire.asked == []


class TestTheDailySign:
    async def test_it_sweeps_the_site_that_the_add_on_is_configured_for_without_a_call(
        self, wire: PlatformWire
    ) -> None:
        source = open_source(wire, [site(), site(OTHER_SITE, addon_id=ADDON)])
        resolution = await source.resolve(delivery(DAILY, {}, addonId=ADDON))
        assert (resolution.sweeps, resolution.sightings, resolution.ignored) == ((OTHER_SITE,), (), None)
        assert wire.asked == []

    @pytest.mark.parametrize(
        ("addon_key", "key"), [(None, f"ApiKey {API_KEY}"), (ADDON_KEY, f"Addon {ADDON}|{ADDON_KEY}")]
    )
    async def test_an_add_on_that_is_not_configured_is_asked_for_its_site(
        self, wire: PlatformWire, addon_key: str | None, key: str
    ) -> None:
        wire.answer(f"addons/{ADDON}", fixture("addon"))
        resolution = await open_source(wire, addon_key=addon_key).resolve(delivery(DAILY, {}, addonId=ADDON))
        assert resolution.sweeps == (SITE,)
        assert (wire.calls, wire.keys) == ([f"GET addons/{ADDON}"], {key})

    async def test_where_the_add_on_may_not_speak_the_api_key_asks(self, wire: PlatformWire) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            is_account = request.headers["authorization"] == f"ApiKey {API_KEY}"
            return httpx.Response(200, json=fixture("addon")) if is_account else httpx.Response(401, json={})

        wire.answer_with(f"addons/{ADDON}", answer)
        resolution = await open_source(wire, addon_key=ADDON_KEY).resolve(delivery(DAILY, {}, addonId=ADDON))
        assert resolution.sweeps == (SITE,)

    @pytest.mark.parametrize("changes", [{"siteId": OTHER_SITE}, {"siteId": None}])
    async def test_an_add_on_of_no_configured_site_is_ignored(
        self, wire: PlatformWire, changes: dict[str, Any]
    ) -> None:
        wire.answer(f"addons/{ADDON}", fixture("addon", **changes))
        resolution = await open_source(wire).resolve(delivery(DAILY, {}, addonId=ADDON))
        assert (resolution.ignored, resolution.sweeps) == ("site not configured", ())

    @pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (503, Unreachable)])
    async def test_an_add_on_that_cannot_be_asked_for_is_no_reason_to_ignore_it(
        self, wire: PlatformWire, status: int, error: type[Exception]
    ) -> None:
        wire.answer(f"addons/{ADDON}", {}, status=status)
        with pytest.raises(error):
            await open_source(wire).resolve(delivery(DAILY, {}, addonId=ADDON))

    async def test_without_an_add_on_it_is_set_aside(self, wire: PlatformWire) -> None:
        with pytest.raises(Rejected, match="names no add-on"):
            await open_source(wire).resolve(delivery(DAILY, {}))
