"""Whom a question leads to: what the bridge knows, and what the platform says of those it never heard of."""

import pytest

from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import SiteId
from bridge.domain.whom import By, Whom
from bridge.sandbox.platform.records import RentalState
from bridge.service.explain import SubjectExplanation
from tests.service.explaining import about, check, not_passed, why
from tests.service.house import JONAS, MIRA, SITE, UNIT_IDS, House

pytestmark = pytest.mark.anyio
ELSEWHERE = SiteId("66f1a0c2b7d4e90015c0e002")


async def ask(house: House, by: By, text: str, site: SiteId | None = None) -> list[SubjectExplanation]:
    return list((await house.bridge.explainer.explain(Whom(by=by, id=text, site=site))).subjects)


def rentals(told: list[SubjectExplanation]) -> list[tuple[str, str]]:
    return [(one.subject.tenant, rental.rental) for one in told for rental in one.rentals]


async def test_a_tenant_of_whom_nothing_was_heard_is_explained(house: House) -> None:
    rental = house.move_in("B-014")
    for told in (await why(house, rental), *(await about(house))):
        assert told.status == "granted"
        assert not_passed(told) == dict.fromkeys(["gate_code", "at_vendor", "platform_fields", "work"], "fail")
        assert check(told, "work").evidence == "the bridge has not heard of this tenant at this site yet"
        assert told.advice[0].startswith("Save the rental in the platform")
        assert told.follows == ()


async def test_a_rental_that_only_its_own_look_up_shows_is_explained(house: House) -> None:
    rental = house.move_in("B-014")
    house.move_out(rental)
    house.platform.spoil = lambda _, answer: [] if isinstance(answer, list) else answer
    assert (await why(house, rental)).status == "revoked"
    assert house.world.books.rentals.get(rental).state is RentalState.ENDED


async def test_a_rental_leads_to_itself_and_a_tenant_to_all_their_rentals(house: House) -> None:
    first, second = house.move_in("B-014"), house.move_in("B-021")
    house.move_in("B-027", JONAS)
    await house.settle()

    assert rentals(await ask(house, By.RENTAL, first)) == [(MIRA, first)]
    assert sorted(rentals(await ask(house, By.TENANT, MIRA))) == sorted([(MIRA, first), (MIRA, second)])


@pytest.mark.parametrize("text", [UNIT_IDS["B-021"], "B-021"])
@pytest.mark.parametrize("heard", [True, False])
async def test_a_unit_leads_to_who_has_it_by_id_and_by_name(house: House, text: str, heard: bool) -> None:  # noqa: FBT001 - a case of the table
    house.move_in("B-014")
    rental = house.move_in("B-021")
    if heard:
        await house.settle()
    (told,) = await ask(house, By.UNIT, text)
    assert rentals([told]) == [(MIRA, rental)]
    assert (told.work is not None) is heard


async def test_a_unit_leads_to_its_new_tenant_and_to_one_who_still_has_its_door(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    house.move_out(old)
    new = house.move_in("B-014", JONAS)

    assert rentals(await ask(house, By.UNIT, "B-014")) == [(MIRA, old), (JONAS, new)]
    await house.settle()
    assert rentals(await ask(house, By.UNIT, "B-014")) == [(JONAS, new)]


async def test_a_known_tenants_new_rental_is_explained_before_it_is_heard_of(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    new = house.move_in("B-021")
    (told,) = await ask(house, By.RENTAL, new)
    assert rentals([told]) == [(MIRA, new)]
    assert told.work is not None


async def test_two_units_of_one_name_are_asked_for_by_id(house: House) -> None:
    house.move_in("B-014")
    twin = house.world.create_unit(SITE, "B-014")
    with pytest.raises(NotFoundHere, match=f"2 units are called B-014.*{UNIT_IDS['B-014']}") as raised:
        await ask(house, By.UNIT, "B-014")
    assert twin.id in str(raised.value)


async def test_a_search_that_finds_more_than_it_should_is_read_by_the_whole_name(house: House) -> None:
    house.world.create_unit(SITE, "B-0140")
    rental = house.move_in("B-014")
    assert rentals(await ask(house, By.UNIT, "B-014")) == [(MIRA, rental)]


@pytest.mark.parametrize(
    ("by", "text"),
    [
        (By.TENANT, "nobody"),
        (By.TENANT, "../../users"),
        (By.RENTAL, "66f1a0c2b7d4e90015c0b999"),
        (By.RENTAL, "a b"),
        (By.RENTAL, "x" * 10_000),
        (By.UNIT, "B-999"),
        (By.UNIT, UNIT_IDS["B-040"]),
        (By.UNIT, "x" * 10_000),
        (By.UNIT, "\x1b[2J"),
    ],
)
async def test_who_is_not_found_is_one_inert_line(house: House, by: By, text: str) -> None:
    house.move_in("B-014")
    await house.settle()
    with pytest.raises(NotFoundHere) as raised:
        await ask(house, by, text)
    said = str(raised.value)
    assert said.startswith("neither bridge nor platform knows")
    assert said.isprintable()
    assert len(said) < 200


async def test_a_site_narrows_and_one_that_is_not_configured_is_a_mistake(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    assert rentals(await ask(house, By.TENANT, MIRA, SITE)) == [(MIRA, rental)]
    with pytest.raises(NotFoundHere, match="there is no site"):
        await ask(house, By.TENANT, MIRA, ELSEWHERE)


async def test_a_known_tenant_is_explained_with_a_note_where_the_rest_could_not_be_asked_for(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.platform.spoil = lambda request, answer: answer if "include" in request.url.params else {"odd": True}
    told = await house.bridge.explainer.explain(Whom(by=By.TENANT, id=MIRA))
    assert rentals(list(told.subjects)) == [(MIRA, rental)]
    assert told.notes == ("connection lakeside could not be asked: unit-rentals: the answer is no list",)


async def test_a_defect_of_a_plug_in_is_an_answer_without_what_it_may_quote(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()

    def broken(*_: object) -> object:
        raise KeyError("730519")

    house.gate.spoil = broken
    told = await why(house, rental)
    assert check(told, "at_vendor").verdict == "unknown"
    assert "730519" not in repr(told)
