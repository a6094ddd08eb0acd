import pytest

from bridge.domain.errors import ConfigurationError, Rejected, Unreachable
from bridge.domain.ids import RentalId, UnitId
from bridge.domain.tenancy import FieldWrites
from bridge.ports.source import StaffTask
from tests.sources.storeganise.platform_wire import (
    ADDON,
    ADDON_KEY,
    API_KEY,
    OTHER_SITE,
    RENTAL,
    SITE,
    SUBJECT,
    PlatformWire,
    claimed,
    delivery,
    fixture,
    open_source,
    raw,
    site,
)

pytestmark = pytest.mark.anyio

OTHER_ADDON = "66f1a0c2b7d4e90015c0f901"
AS_ACCOUNT = f"ApiKey {API_KEY}"
AS_ADDON = f"Addon {ADDON}|{ADDON_KEY}"
AS_OTHER_ADDON = f"Addon {OTHER_ADDON}|{ADDON_KEY}"
EVENT = "unitRental.markOverdue"
DATA = {"unitRentalId": RENTAL}


@pytest.fixture
def wire() -> PlatformWire:
    platform = PlatformWire()
    platform.answer(f"unit-rentals/{RENTAL}", fixture("rental_occupied"))
    platform.answer("unit-rentals", [fixture("rental_occupied")])
    platform.answer(f"addons/{ADDON}", fixture("addon"))
    return platform


async def test_a_plain_event_is_looked_up_with_the_api_key(wire: PlatformWire) -> None:
    await open_source(wire, addon_key=ADDON_KEY).resolve(delivery(EVENT, DATA))
    assert wire.keys == {AS_ACCOUNT}


async def test_an_add_ons_event_is_looked_up_as_that_add_on(wire: PlatformWire) -> None:
    source = open_source(wire, [site(addon_id=ADDON)], addon_key=ADDON_KEY)
    await source.resolve(claimed("unitRental.updated", raw("event_d_addon")))
    assert wire.keys == {AS_ADDON}
    assert len(wire.calls) == 1


async def test_without_an_add_on_key_the_api_key_speaks_for_an_add_ons_event(wire: PlatformWire) -> None:
    await open_source(wire).resolve(delivery(EVENT, DATA, addonId=ADDON))
    assert wire.keys == {AS_ACCOUNT}


async def test_without_an_api_key_every_call_is_the_sites_add_ons(wire: PlatformWire) -> None:
    wire.answer(f"unit-rentals/{RENTAL}", {}, method="PUT")
    wire.answer("jobs", {"id": "t1"}, method="POST")
    source = open_source(wire, [site(addon_id=ADDON)], api_key=None, addon_key=ADDON_KEY)
    await source.resolve(delivery(EVENT, DATA))
    await source.snapshot(SUBJECT, {})
    await source.write_back(FieldWrites(rental=RENTAL, status="granted"), site=SITE)
    await source.raise_task(StaffTask(site=SITE, unit=UnitId("u1"), title="a", text="b"))
    assert wire.keys == {AS_ADDON}
    assert len(wire.calls) == 4


async def test_a_task_speaks_with_the_key_of_the_site_that_its_unit_is_at(wire: PlatformWire) -> None:
    wire.answer("jobs", {"id": "t1"}, method="POST")
    sites = [site(addon_id=ADDON), site(OTHER_SITE, addon_id=OTHER_ADDON)]
    source = open_source(wire, sites, api_key=None, addon_key=ADDON_KEY)
    await source.raise_task(StaffTask(site=OTHER_SITE, unit=UnitId("u1"), title="a", text="b"))
    assert wire.keys == {AS_OTHER_ADDON}


async def test_a_site_that_could_never_be_asked_refuses_to_start(wire: PlatformWire) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_source(wire, [site(addon_id=ADDON), site(OTHER_SITE)], api_key=None, addon_key=ADDON_KEY)
    assert caught.value.key == "connections.lakeside.api_key"


async def test_an_add_on_of_a_site_without_one_is_learned_once(wire: PlatformWire) -> None:
    source = open_source(wire, addon_key=ADDON_KEY)
    for _ in range(2):
        await source.resolve(delivery(EVENT, DATA, addonId=ADDON))
    assert wire.keys == {AS_ADDON}
    assert wire.calls == [f"GET addons/{ADDON}", f"GET unit-rentals/{RENTAL}", f"GET unit-rentals/{RENTAL}"]


async def test_an_add_on_of_another_site_proves_nothing_and_the_api_key_decides(wire: PlatformWire) -> None:
    wire.answer(f"addons/{ADDON}", fixture("addon", siteId=OTHER_SITE))
    await open_source(wire, addon_key=ADDON_KEY).resolve(delivery(EVENT, DATA, addonId=ADDON))
    assert wire.asked[-1].headers["authorization"] == AS_ACCOUNT


@pytest.mark.parametrize("status", [401, 404, 400])
async def test_an_add_on_that_cannot_be_learned_leaves_the_api_key_to_decide(wire: PlatformWire, status: int) -> None:
    wire.answer(f"addons/{ADDON}", {"error": {"type": "no"}}, status=status)
    resolution = await open_source(wire, addon_key=ADDON_KEY).resolve(delivery(EVENT, DATA, addonId=ADDON))
    assert resolution.sightings[0].rental == RENTAL
    assert wire.asked[-1].headers["authorization"] == AS_ACCOUNT


async def test_an_add_on_that_cannot_be_learned_now_is_tried_again(wire: PlatformWire) -> None:
    wire.answer(f"addons/{ADDON}", status=503)
    with pytest.raises(Unreachable):
        await open_source(wire, addon_key=ADDON_KEY).resolve(delivery(EVENT, DATA, addonId=ADDON))


async def test_an_add_on_that_no_site_has_is_ignored_where_only_add_ons_speak(wire: PlatformWire) -> None:
    source = open_source(wire, [site(addon_id=ADDON)], api_key=None, addon_key=ADDON_KEY)
    resolution = await source.resolve(delivery(EVENT, DATA, addonId=OTHER_ADDON))
    assert resolution.ignored == "site not configured"
    assert wire.asked == []


@pytest.mark.parametrize("addon_id", ["a|b", "../settings", "a b", 7, {"id": ADDON}, "x" * 65])
async def test_an_add_on_id_that_could_change_a_header_or_a_path_is_never_sent(
    wire: PlatformWire, addon_id: object
) -> None:
    with pytest.raises(Rejected):
        await open_source(wire, addon_key=ADDON_KEY).resolve(delivery(EVENT, DATA, addonId=addon_id))
    assert wire.asked == []


async def test_two_sites_speak_with_their_own_add_ons(wire: PlatformWire) -> None:
    for rental in (RENTAL, RentalId("r2")):
        wire.answer(f"unit-rentals/{rental}", {}, method="PUT")
    sites = [site(addon_id=ADDON), site(OTHER_SITE, addon_id=OTHER_ADDON)]
    source = open_source(wire, sites, api_key=None, addon_key=ADDON_KEY)
    await source.write_back(FieldWrites(rental=RENTAL, status="granted"), site=SITE)
    await source.write_back(FieldWrites(rental=RentalId("r2"), status="granted"), site=OTHER_SITE)
    assert [request.headers["authorization"] for request in wire.asked] == [AS_ADDON, AS_OTHER_ADDON]
