"""A list that cannot be complete closes nothing, whatever it leaves out; and what many lose at once a guard judges."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from bridge.domain.policy import MoveOutPolicy, SitePolicy
from bridge.domain.proposal import Standing
from bridge.sandbox.platform.records import RentalState
from bridge.service.swept import Swept
from tests.service.building import ZONE, open_house
from tests.service.house import JONAS, MIRA, SITE, House
from tests.service.mass import DEFAULTS, Renter, codes_of, move_in_many, open_doors
from tests.service.planning import planned, standings
from tests.service.test_listing_sweep import is_whole_site, moves_in_unheard, swept
from tests.service.test_units_people_and_days import lose

pytestmark = pytest.mark.anyio
MANY = 10
LIST = "GET admin/unit-rentals"
Rows = list[dict[str, Any]]


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[tuple[House, list[Renter]]]:
    """A site of ten tenants whose lists were believed so far."""
    async with open_house(tmp_path, budgets=DEFAULTS) as house:
        renters = await move_in_many(house, MANY)
        assert await swept(house) == Swept(in_step=MANY)
        house.platform.requests.clear()
        house.gate.requests.clear()
        yield house, renters


def lists(house: House, change: Callable[[Rows], Rows]) -> None:
    """Have the platform's lists of whole sites changed on their way; what is asked of one tenant is as it is."""
    house.platform.spoil = lambda request, answer: change(answer) if is_whole_site(request) else answer


def half(rows: Rows) -> Rows:
    return rows[: len(rows) // 2]


@pytest.mark.parametrize("change", [lambda _: [], half, lambda rows: [*rows, rows[0]]], ids=["empty", "half", "twice"])
async def test_of_many_who_are_missing_none_is_asked_about_and_one_alert_says_so(
    full: tuple[House, list[Renter]], change: Callable[[Rows], Rows]
) -> None:
    house, renters = full
    codes = codes_of(house, renters)
    lists(house, change)

    for _ in range(3):
        came_to = await swept(house)
        house.clock.advance(minutes=5)

    assert (came_to.known, [site.site for site in came_to.unknown]) == (0, [SITE])
    assert house.platform.calls() == [LIST] * 3
    assert (house.platform.writes(), house.gate.writes()) == ([], [])
    assert await house.alerts() == ["source_unknown"]
    assert await open_doors(house, renters, codes) == MANY


async def test_the_alert_is_not_repeated_after_a_restart_and_comes_again_after_a_recovery(
    full: tuple[House, list[Renter]],
) -> None:
    house, _ = full
    lists(house, half)
    await swept(house)
    await house.restart()
    await swept(house)
    told = await house.alerts()
    house.platform.spoil = None
    recovered = await swept(house)
    lists(house, half)
    await swept(house)

    assert told == ["source_unknown"]
    assert recovered == Swept(in_step=MANY)
    assert await house.alerts() == ["source_unknown"] * 2


async def test_who_is_new_is_let_in_by_a_list_that_is_not_believed(full: tuple[House, list[Renter]]) -> None:
    house, _ = full
    rental = moves_in_unheard(house)
    lists(house, lambda rows: [row for row in rows if row["ownerId"] == MIRA])

    came_to = await swept(house)

    assert (came_to.found, len(came_to.unknown)) == (1, 1)
    assert house.status(rental) == "granted"


async def test_nothing_is_closed_on_the_word_of_a_list_that_is_not_believed(full: tuple[House, list[Renter]]) -> None:
    house, renters = full
    house.world.mark_overdue(renters[0].rental)
    lose(house)
    lists(house, half)
    doubted = await swept(house)
    meanwhile = house.status(renters[0].rental)
    house.platform.spoil = None
    believed = await swept(house)

    assert (doubted.known, meanwhile) == (0, "granted")
    assert (believed.known, believed.in_step) == (1, MANY - 1)
    assert house.status(renters[0].rental) == "suspended: overdue"


async def test_a_plan_says_that_a_list_is_not_believed_and_plans_no_removal(full: tuple[House, list[Renter]]) -> None:
    house, renters = full
    house.move_out(renters[9].rental)
    lose(house)
    lists(house, half)

    proposal = await planned(house)

    told = standings(proposal)
    assert [told[one.rental] for one in renters] == [Standing.UNCHANGED] * 4 + [Standing.UNKNOWN] * 6
    assert "is not complete" in proposal.notes[0]
    assert "it has 4 rentals where 10 were expected" in proposal.notes[0]
    assert house.platform.calls() == [LIST]


async def test_a_drop_that_two_lists_bear_out_is_looked_into_and_each_rentals_own_word_counts(
    full: tuple[House, list[Renter]],
) -> None:
    house, renters = full
    codes = codes_of(house, renters)
    lists(house, half)
    await swept(house)
    house.clock.advance(minutes=30)
    came_to = await swept(house)

    assert came_to == Swept(known=5, in_step=5)
    assert house.gate.writes() == []
    assert await open_doors(house, renters, codes) == MANY


async def test_a_site_that_is_gone_is_a_mass_removal_that_the_guard_judges(full: tuple[House, list[Renter]]) -> None:
    house, renters = full
    codes = codes_of(house, renters)
    for one in renters:
        house.world.books.rentals.change(one.rental, state=RentalState.ENDED)
    first = await swept(house)
    untouched = await open_doors(house, renters, codes)
    house.clock.advance(hours=1)
    second = await swept(house)

    assert (first.known, untouched, second.known) == (0, MANY, MANY)
    assert await open_doors(house, renters, codes) == MANY - 2, "a fifth of them; the others are held"
    assert sorted(await house.alerts()) == ["removals_held", "source_unknown"]


async def test_what_ended_with_our_knowing_makes_no_list_doubtful(full: tuple[House, list[Renter]]) -> None:
    house, renters = full
    for one in renters[:2]:
        house.move_out(one.rental)
    await house.settle()
    lists(house, lambda rows: rows[1:])

    assert (await swept(house)).unknown == ()
    assert await house.alerts() == []


@pytest.mark.parametrize("seed", range(6))
async def test_no_fault_of_pages_ever_closes_or_writes_anything(full: tuple[House, list[Renter]], seed: int) -> None:
    house, renters = full
    chance, codes = Random(seed), codes_of(house, renters)

    def garbled(request: httpx.Request, answer: Any) -> Any:
        if not isinstance(answer, list) or chance.random() < 0.3:
            return answer
        rows = [row for row in answer if chance.random() < chance.choice([0.0, 0.5, 0.9])]
        rows += [chance.choice(answer) for _ in range(chance.choice([0, 0, 2]) if answer else 0)]
        chance.shuffle(rows)
        return rows if is_whole_site(request) else [row for row in answer if chance.random() < 0.7]

    house.platform.spoil = garbled
    for _ in range(8):
        await swept(house)
        await planned(house)
        house.clock.advance(minutes=chance.choice([1, 20, 31, 90]))

    assert (house.platform.writes(), house.gate.writes()) == ([], [])
    assert await open_doors(house, renters, codes) == MANY


async def test_who_moved_out_long_ago_is_asked_about_no_more(house: House) -> None:
    gone, kept = house.move_in("B-014"), house.move_in("B-021", JONAS)
    await house.settle()
    house.move_out(gone)
    await house.settle()
    soon = await swept(house)
    house.clock.advance(days=4)
    house.platform.requests.clear()
    later = await swept(house)

    assert (soon, later) == (Swept(known=1, in_step=1), Swept(in_step=1))
    assert house.platform.calls() == [LIST]
    assert standings(await planned(house)) == {kept: Standing.UNCHANGED}


async def test_a_date_that_changed_unheard_is_scheduled_though_nothing_is_to_be_done_now(tmp_path: Path) -> None:
    policy = SitePolicy(zone=ZONE, move_out_date=MoveOutPolicy.END_OF_DAY)
    async with open_house(tmp_path, policy=policy) as house:
        rental = house.move_in("B-014")
        await house.settle()
        house.world.schedule_move_out(rental)
        lose(house)

        first, second = await swept(house), await swept(house)
        await house.later(days=1)

        assert (first, second) == (Swept(known=1), Swept(in_step=1))
        assert house.status(rental) == "suspended: move_out_passed"


async def test_a_task_whose_cause_is_gone_is_closed_by_a_sweep_and_one_that_stands_costs_no_run(house: House) -> None:
    house.map_unit("B-014", None)
    rental = house.move_in("B-014")
    await house.settle()
    standing = await swept(house)
    house.map_unit("B-014", "B-014")
    lose(house)
    mended = await swept(house)

    assert (standing, mended) == (Swept(in_step=1), Swept(known=1))
    assert house.status(rental) == "granted"
