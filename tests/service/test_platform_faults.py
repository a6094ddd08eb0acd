"""What the platform does wrong, and who must not suffer for it."""

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.sandbox.platform import ApiFault, ApiFaultKind, Variant
from tests.service.building import open_house
from tests.service.house import JONAS, MIRA, House

pytestmark = pytest.mark.anyio


async def test_a_failed_write_back_is_tried_again_alone_with_the_same_code(house: House) -> None:
    rental = house.move_in("B-014")
    await house.deliver()
    await house.resolve_due()
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, path=f"unit-rentals/{rental}", remaining=1))
    await house.settle()
    (person,) = await house.people()
    at_first, written = house.code(rental), len(house.gate.writes())

    await house.later(seconds=1)

    assert at_first is None
    assert house.code(rental) == person["code"]
    assert len(house.gate.writes()) == written
    assert house.ledger("write_back") == ["failed", "written"]


async def test_a_write_back_that_came_through_unheard_is_not_repeated(house: House) -> None:
    rental = house.move_in("B-014")
    await house.deliver()
    await house.resolve_due()
    house.platform.spoil = _unanswered_put
    await house.converge_due()
    house.platform.spoil = None
    code = house.code(rental)
    await house.later(seconds=1)

    assert code is not None
    assert house.code(rental) == code
    assert len(house.platform.writes()) == 1


def _unanswered_put(request: httpx.Request, answer: object) -> object:
    if request.method == "PUT":
        raise httpx.ReadTimeout("no answer", request=request)
    return answer


async def test_an_empty_page_locks_nobody_out(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    house.fault_platform(ApiFault(kind=ApiFaultKind.EMPTY_PAGE, remaining=10))

    await house.sweep()

    assert await house.keypad("B-014", code) == "ok"
    assert (house.status(rental), house.code(rental)) == ("granted", code)


async def test_an_empty_page_keeps_no_new_tenant_out(house: House) -> None:
    rental = house.move_in("B-014")
    await house.deliver()
    await house.resolve_due()
    house.fault_platform(ApiFault(kind=ApiFaultKind.EMPTY_PAGE, remaining=1))
    await house.settle()
    await house.later(seconds=1)

    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_known_rental_that_is_gone_from_the_platform_is_no_reason_to_close_its_door(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    code = house.code(rental)
    house.platform.spoil = lambda _, answer: [] if isinstance(answer, list) else {"error": {"type": "not_found"}}

    await house.sweep()

    assert await house.keypad("B-014", code) == "ok"
    assert await house.subjects() == {"ready": 1}


@pytest.mark.parametrize(
    "field",
    [{"siteId": "66f1a0c2b7d4e90015c0e999"}, {"ownerId": JONAS}],
    ids=["another site's", "another tenant's"],
)
async def test_rentals_that_were_not_asked_for_change_no_door(house: House, field: dict[str, str]) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    written = len(house.gate.writes())
    house.platform.spoil = lambda _, answer: (
        [{**row, **field} for row in answer] if isinstance(answer, list) else answer
    )

    await house.sweep()

    assert len(house.gate.writes()) == written
    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_rental_in_a_state_without_a_meaning_keeps_what_it_has(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.platform.spoil = lambda _, answer: (
        [{**row, "state": "pre_completed"} for row in answer] if isinstance(answer, list) else answer
    )

    await house.sweep()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await house.subjects() == {"ready": 1}


async def test_a_delivery_of_another_account_is_dead_and_told_and_the_key_goes_nowhere(house: House) -> None:
    house.variant = Variant.PLAIN_WITH_URL
    house.move_in("B-014")
    (event,) = house.take_told()
    body = house.body(event).replace(b"lakesidebox.storeganise.com", b"evil.storeganise.com")

    await house.post(body)
    await house.settle()

    assert await house.deliveries() == ["dead"]
    assert await house.alerts() == ["delivery_dead"]
    assert house.platform.requests == []


async def test_a_refused_key_parks_the_work_and_alerts_once(house: House) -> None:
    async with open_house(house.database.parent / "refused", platform_key=Secret("another key")) as refused:
        refused.move_in("B-014", MIRA)
        refused.move_in("B-021", JONAS)
        await refused.settle()
        called = len(refused.platform.requests)
        await refused.later(minutes=1)
        within_the_pause = len(refused.platform.requests)
        for _ in range(5):
            await refused.later(minutes=6)

        assert await refused.deliveries() == ["new", "new"]
        assert await refused.alerts() == ["platform_refuses_key"]
        assert within_the_pause == called
        assert refused.gate.requests == []


async def test_a_key_that_is_mended_after_a_day_has_lost_nothing(house: House) -> None:
    rental = house.move_in("B-014")
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=401, remaining=100_000))
    for _ in range(100):
        await house.later(minutes=15)
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=503, remaining=2))
    await house.later(minutes=16)
    await house.later(minutes=16)

    assert await house.keypad("B-014", house.code(rental)) == "ok"


async def test_a_refused_key_of_a_known_subject_closes_no_door(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, status=401, remaining=100))
    await house.sweep()

    assert await house.keypad("B-014", house.code(rental)) == "ok"
    assert await house.alerts() == ["site_not_listed", "key_refused"]
    assert await house.subjects() == {"ready": 1}


async def test_a_busy_platform_is_asked_again_when_it_said(house: House) -> None:
    house.fault_platform(ApiFault(kind=ApiFaultKind.RATE_LIMITED, remaining=1, retry_after=40))
    rental = house.move_in("B-014")
    await house.settle()
    called = len(house.platform.requests)
    await house.later(seconds=39)
    waited = len(house.platform.requests) == called
    await house.later(seconds=2)

    assert waited
    assert house.status(rental) == "granted"


async def test_a_platform_that_hides_ended_rentals_still_closes_their_doors(house: House) -> None:
    async with open_house(house.database.parent / "hiding", list_hides_ended=True) as hiding:
        rental = hiding.move_in("B-014")
        await hiding.settle()
        code = hiding.code(rental)
        hiding.move_out(rental)
        await hiding.settle()

        assert await hiding.keypad("B-014", code) == "unknown_code"
        assert hiding.status(rental) == "revoked"


async def test_a_task_that_cannot_be_raised_is_raised_with_a_later_run(house: House) -> None:
    house.map_unit("B-014", None)
    house.move_in("B-014")
    await house.deliver()
    await house.resolve_due()
    house.fault_platform(ApiFault(kind=ApiFaultKind.STATUS, path="jobs", remaining=1))
    await house.settle()
    at_first = len(house.tasks())
    await house.sweep()

    assert (at_first, len(house.tasks())) == (0, 1)
