"""How many calls a move-in takes: each is somebody standing at a gate."""

import pytest

from tests.service.house import House

pytestmark = pytest.mark.anyio


async def test_a_move_in_by_its_job_takes_five_reads_and_one_write_at_most(house: House) -> None:
    house.move_in("B-014")
    await house.settle()

    assert len(house.platform.calls("GET")) <= 5
    assert house.platform.writes() == [house.platform.writes()[0]]


async def test_no_more_than_eight_calls_lie_between_the_event_and_the_open_gate(house: House) -> None:
    rental = house.move_in("B-014")
    opened_after: list[int] = []

    def count(_: object, answer: dict[str, object]) -> object:
        result = answer.get("result")
        if isinstance(result, dict) and result.get("state") == "active":
            opened_after.append(len(house.platform.requests) + len(house.gate.requests))
        return answer

    house.gate.spoil = count
    await house.settle()

    assert house.status(rental) == "granted"
    assert opened_after[0] <= 8


async def test_a_second_look_at_a_settled_house_reads_and_writes_nothing(house: House) -> None:
    house.move_in("B-014")
    await house.settle()
    written = len(house.gate.writes()), len(house.platform.writes())

    await house.sweep()

    assert (len(house.gate.writes()), len(house.platform.writes())) == written
    assert house.gate.calls()[-1].startswith("GET")
