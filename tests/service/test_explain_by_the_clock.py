"""What the clock does to an explanation: starts, grace, hours, and the rules of another moment."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bridge.domain.checks import Verdict
from bridge.domain.policy import Blackout, SitePolicy
from tests.service.building import ZONE, open_house
from tests.service.explaining import check, not_passed, summary, why
from tests.service.house import House

pytestmark = pytest.mark.anyio
OPEN = "Nothing: the gate is open for this rental."


async def test_a_future_start_is_told_with_its_moment_and_passes_when_it_is_asked_for_later(house: House) -> None:
    rental = house.move_in("B-014", start_date=date(2026, 3, 5), auto_complete=False)
    house.world.complete_move_in(rental)
    await house.settle()
    now = await why(house, rental)
    last_minute = await why(house, rental, at=datetime(2026, 3, 4, 23, 59))  # noqa: DTZ001 - the site's wall clock
    then = await why(house, rental, at=datetime(2026, 3, 5))  # noqa: DTZ001 - the site's wall clock
    elsewhere = await why(house, rental, at=datetime(2026, 3, 5, tzinfo=UTC) - timedelta(minutes=1))

    assert (now.status, not_passed(now)) == ("suspended: not_started", {"not_started": "fail"})
    assert now.next_change == datetime(2026, 3, 5, tzinfo=UTC)
    assert "at 2026-03-05 00:00 GMT" in now.advice[0]
    assert last_minute.status == elsewhere.status == "suspended: not_started"
    assert then.status == "granted"
    assert not_passed(then) == dict.fromkeys(["gate_code", "at_vendor", "platform_fields", "work"], "unknown")
    assert then.advice == ("Nothing: by the rules the gate is open for this rental at that moment.",)
    assert (then.since, then.follows) == (None, ())


async def test_the_wall_clock_of_a_summer_day_is_the_sites(house: House) -> None:
    rental = house.move_in("B-014", start_date=date(2026, 7, 1), auto_complete=False)
    house.world.complete_move_in(rental)
    midnight = datetime(2026, 6, 30, 23, tzinfo=UTC)  # London is an hour ahead in summer

    assert (await why(house, rental, at=midnight - timedelta(minutes=1))).status == "suspended: not_started"
    assert (await why(house, rental, at=midnight)).status == "granted"
    assert (await why(house, rental, at=datetime(2026, 7, 1))).status == "granted"  # noqa: DTZ001


async def test_another_moment_asks_no_vendor(house: House) -> None:
    rental = house.move_in("B-014")
    await house.settle()
    calls = len(house.gate.calls())
    await why(house, rental, at=datetime(2026, 3, 5, tzinfo=UTC))
    assert len(house.gate.calls()) == calls


async def test_a_blackout_defers_what_would_close(tmp_path: Path) -> None:
    night = SitePolicy(zone=ZONE, blackout=Blackout(start=time(11), end=time(14)))
    async with open_house(tmp_path, policy=night) as house:
        rental = house.move_in("B-014")
        await house.settle()
        house.world.mark_overdue(rental)
        await house.settle()
        now, later = await why(house, rental), await why(house, rental, at=datetime(2026, 3, 4, 14, tzinfo=UTC))

    assert summary(now) == ("granted", {}, OPEN)
    assert check(now, "overdue").evidence.endswith("what is open is not closed before 2026-03-04 14:00 GMT")
    assert now.next_change == datetime(2026, 3, 4, 14, tzinfo=UTC)
    assert later.status == "suspended: overdue"


async def test_grace_counts_from_when_it_was_marked(tmp_path: Path) -> None:
    async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, grace=timedelta(hours=48))) as house:
        rental = house.move_in("B-014")
        house.world.mark_overdue(rental)
        await house.settle()
        ends = house.clock.now() + timedelta(hours=48)
        told = [await why(house, rental, at=at) for at in (None, ends - timedelta(minutes=1), ends)]

    assert [one.status for one in told] == ["granted", "granted", "suspended: overdue"]
    assert told[0].next_change == ends
    assert check(told[0], "overdue").evidence.endswith("that counts from 2026-03-06 12:00 GMT")


async def test_grace_of_a_debt_that_the_bridge_has_not_seen_is_not_counted_from_the_moment_asked_for(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, grace=timedelta(hours=48))) as house:
        rental = house.move_in("B-014")
        await house.settle()
        house.world.mark_overdue(rental)
        house.platform.spoil = lambda _, answer: _as_a_flag(answer)
        told = await why(house, rental, at=house.clock.now() + timedelta(hours=49))
    assert told.status == "suspended: overdue"


def _as_a_flag(answer: object) -> object:
    """Return the platform's answer with `overdue` as a mere flag."""
    if isinstance(answer, list):
        return [_as_a_flag(one) for one in answer]
    if isinstance(answer, dict):
        return {name: bool(value) if name == "overdue" else _as_a_flag(value) for name, value in answer.items()}
    return answer


async def test_a_rental_that_flips_is_held_and_told_until_when(tmp_path: Path) -> None:
    async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, max_flips=2)) as house:
        rental = house.move_in("B-014")
        await house.settle()
        for ticked in (True, False, True):
            house.edit(rental, overlocked=ticked)
            await house.settle()
        told = await why(house, rental)
        free = house.clock.now() + timedelta(hours=1)

    assert check(told, "loop_breaker").verdict is Verdict.FAIL
    assert "it is left as it is until 2026-03-04 13:00 GMT" in check(told, "loop_breaker").evidence
    assert check(told, "at_vendor").evidence == "B-014 active"
    assert told.next_change == free
    assert any("opens and closes" in line for line in told.advice)
    assert told.follows == ()
