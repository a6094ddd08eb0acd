"""Tasks for staff: one for a problem, closed when it is mended, and never worth a tenant's access."""

from typing import Any

import httpx
import pytest

from bridge.domain.errors import StoreUnavailable
from bridge.sandbox.platform import ApiFault, ApiFaultKind
from tests.service.house import House

pytestmark = pytest.mark.anyio
NO_MAPPING = "Gate access: unit without mapping"
BAD_CODE = "Gate access: the typed gate code cannot be used"
REFUSED = "Gate access: the gate system refused a change"
UNREADABLE = "Gate access: a rental of this unit cannot be read"


async def unmapped(house: House) -> str:
    """Move a tenant into a unit without mapping, of which staff are told."""
    house.map_unit("B-014", None)
    rental = house.move_in("B-014")
    await house.settle()
    assert house.open_tasks() == [NO_MAPPING]
    return rental


def mend(house: House) -> None:
    house.map_unit("B-014", "B-014")
    house.platform.requests.clear()


def calls_about_tasks(house: House) -> list[str]:
    """Return the methods of the calls to jobs since the mending."""
    return [request.method for request in house.platform.requests if "/jobs" in request.url.path]


async def test_a_task_is_closed_when_its_problem_is_mended(house: House) -> None:
    rental = await unmapped(house)
    mend(house)
    await house.sweep()

    assert house.status(rental) == "granted"
    assert (house.open_tasks(), len(house.tasks())) == ([], 1)
    assert calls_about_tasks(house) == ["GET", "PUT"]


async def test_a_task_that_was_closed_costs_no_further_call(house: House) -> None:
    await unmapped(house)
    mend(house)
    await house.sweep()
    house.platform.requests.clear()
    await house.sweep()

    assert calls_about_tasks(house) == []


async def test_another_problem_of_the_unit_takes_the_place_of_the_first(house: House) -> None:
    rental = await unmapped(house)
    await house.fault_gate(kind="error_in_200", code="odd", text="no", method="POST", count=None)
    mend(house)
    await house.sweep()

    assert house.status(rental) == "error: refused_by_vendor"
    assert (house.open_tasks(), len(house.tasks())) == ([REFUSED], 2)


async def test_a_replaced_task_that_cannot_be_closed_now_waits_with_the_new_one(house: House) -> None:
    await unmapped(house)
    await house.fault_gate(kind="error_in_200", code="odd", text="no", method="POST", count=None)
    mend(house)
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=503, remaining=2, path="jobs/"))
    await house.sweep()
    between = house.open_tasks()
    await house.later(minutes=1)
    await house.sweep()

    assert (between, house.open_tasks()) == ([NO_MAPPING], [REFUSED])


async def test_a_task_that_cannot_be_closed_now_is_closed_by_the_next_try(house: House) -> None:
    rental = await unmapped(house)
    mend(house)
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=503, remaining=2, path="jobs/"))
    await house.sweep()
    between = house.status(rental), house.open_tasks(), await house.subjects()
    await house.later(seconds=5)

    assert between == ("granted", [NO_MAPPING], {"ready": 1})
    assert (house.open_tasks(), await house.subjects()) == ([], {})


async def test_a_closing_without_an_answer_is_looked_at_and_not_repeated(house: House) -> None:
    await unmapped(house)
    mend(house)

    def lose(request: httpx.Request, answer: Any) -> Any:
        if "/steps/" in request.url.path:
            raise httpx.ReadError("gone", request=request)
        return answer

    house.platform.spoil = lose
    await house.sweep()
    house.platform.spoil = None
    await house.later(seconds=5)

    assert (house.open_tasks(), await house.subjects()) == ([], {})
    assert calls_about_tasks(house) == ["GET", "PUT", "GET"]


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_closing_that_is_refused_leaves_the_task_to_staff_and_is_not_repeated(
    house: House, status: int
) -> None:
    rental = await unmapped(house)
    mend(house)
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=status, remaining=100, path="jobs/"))
    await house.sweep()
    first = calls_about_tasks(house)
    await house.sweep()

    assert house.status(rental) == "granted"
    assert (await house.subjects(), await house.alerts()) == ({}, [])
    assert (first, calls_about_tasks(house)) == (["GET"], ["GET"])


async def test_a_task_whose_id_was_never_told_is_left_to_staff(house: House) -> None:
    house.platform.spoil = lambda request, answer: {} if request.url.path.endswith("/jobs") else answer
    await unmapped(house)
    mend(house)
    await house.sweep()

    assert calls_about_tasks(house) == []
    assert (house.open_tasks(), await house.subjects()) == ([NO_MAPPING], {})


async def test_a_task_that_staff_close_while_the_problem_stays_is_not_raised_again(house: House) -> None:
    await unmapped(house)
    (task,) = house.tasks()
    house.world.complete_step(task.id, task.steps[0].id)
    await house.sweep()
    assert len(house.tasks()) == 1

    mend(house)
    await house.sweep()
    assert calls_about_tasks(house) == ["GET"], "what staff have closed is not closed again"


async def test_a_crash_after_the_closing_is_no_harm(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await unmapped(house)
    mend(house)
    await house.bridge.sweeper.sweep()

    async def die(*_: Any) -> None:
        raise StoreUnavailable("the process is gone")

    with monkeypatch.context() as patch:
        patch.setattr(house.bridge.store, "commit", die)
        (claim,) = await house.bridge.store.claim_subjects(1)
        with pytest.raises(StoreUnavailable):
            await house.bridge.converger.run(claim)
    await house.later(minutes=3)

    assert (house.open_tasks(), await house.subjects()) == ([], {})
    assert calls_about_tasks(house) == ["GET", "PUT", "GET"]


async def test_a_run_that_fails_closes_nothing(house: House) -> None:
    await unmapped(house)
    mend(house)
    await house.fault_gate(kind="fail", status=503, method="POST", count=None)
    await house.sweep()
    between = house.open_tasks()
    await house.mend_gate()
    await house.later(minutes=1)

    assert (between, house.open_tasks()) == ([NO_MAPPING], [])


async def test_a_tenant_who_has_left_leaves_no_task_behind(house: House) -> None:
    rental = await unmapped(house)
    house.move_out(rental)
    await house.settle()

    assert house.open_tasks() == []


async def test_the_task_of_a_refused_code_waits_for_its_reader(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, pinCode="1234")
    await house.settle()
    await house.sweep()

    assert house.open_tasks() == [BAD_CODE]


async def test_the_task_of_a_refused_code_is_closed_by_a_good_one(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.edit(rental, pinCode="1234")
    await house.settle()
    house.edit(rental, pinCode="739146")
    await house.settle()

    assert house.code(rental) == "739146"
    assert (house.open_tasks(), len(house.tasks())) == ([], 1)


async def test_a_rental_that_is_gone_is_one_task_on_its_unit_until_it_can_be_read_again(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    unit, code = house.world.books.rentals.get(rental).unit_id, house.code(rental)
    gone = house.world.books.rentals._rows.pop(rental)
    for _ in range(3):
        await house.sweep()
        await house.later(minutes=30)

    (task,) = house.tasks()
    assert (task.data.target_id, task.data.title, task.state.is_alive) == (unit, UNREADABLE, True)
    assert rental in str(task.data.desc)
    assert await house.keypad("B-014", code) == "ok", "what cannot be read stays as it is"

    house.world.books.rentals._rows[rental] = gone
    await house.sweep()
    assert (house.open_tasks(), len(house.tasks())) == ([], 1)
