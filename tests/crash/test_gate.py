"""SIGKILL while a call to the gate is under way: the gate knows more than the bridge, and nobody is made twice."""

from collections.abc import Callable

import pytest

from tests.crash.mortal import (
    Tenancy,
    assert_granted_once,
    at_rest,
    is_answered,
    is_dead,
    kill,
    order_fault,
    people,
    rents,
    rows,
)
from tests.flow.house import House, until

STALL = 4.0


def _made(house: House, tenancy: Tenancy) -> bool:
    return len(people(house, tenancy)) == 1


def _let_in(house: House, tenancy: Tenancy) -> bool:
    return any(person["access"] for person in people(house, tenancy))


def _finish(house: House, tenancy: Tenancy, status: str) -> None:
    with house.serving() as bridge:
        house.until_status(tenancy.rental, status)
        at_rest(house, bridge)


@pytest.mark.parametrize(
    ("kind", "method", "seen"),
    [("after_write", "POST", _made), ("stall", "PUT", _made), ("after_write", "PUT", _let_in)],
    ids=["the person was made", "the door is being opened", "the door was opened"],
)
def test_a_kill_during_a_grant_makes_nobody_twice(
    house: House, kind: str, method: str, seen: Callable[[House, Tenancy], bool]
) -> None:
    tenancy = rents(house)
    order_fault(house, kind=kind, method=method, seconds=STALL)
    with house.serving() as bridge:
        assert is_answered(house, bridge, tenancy.move_in())
        until(lambda: seen(house, tenancy))
        kill(bridge)
        is_dead(bridge)
    unwritten = house.fields(tenancy.rental)
    _finish(house, tenancy, "granted")

    assert unwritten == {}
    assert_granted_once(house, tenancy)
    assert rows(house, "SELECT state FROM code") == [("current",)]


def test_a_kill_after_the_gate_closed_a_door_leaves_nothing_behind(house: House) -> None:
    tenancy = rents(house)
    with house.serving() as bridge:
        assert is_answered(house, bridge, tenancy.move_in())
        house.until_status(tenancy.rental, "granted")
        at_rest(house, bridge)
        order_fault(house, kind="after_write", method="DELETE", seconds=STALL)
        for act in ("schedule-move-out", "confirm-move-out"):
            house.act(f"rentals/{tenancy.rental}/{act}")
        assert is_answered(house, bridge, tenancy.event("job.unit_moveOut.completed", "move-out"))
        until(lambda: not _let_in(house, tenancy))
        kill(bridge)
        is_dead(bridge)
    _finish(house, tenancy, "revoked")

    assert people(house, tenancy) == []
    assert house.fields(tenancy.rental).get("gate_pinCode") is None
    assert rows(house, "SELECT state FROM code") == [("retired",)]


def test_a_door_that_was_opened_without_our_knowing_is_closed_for_who_left_meanwhile(house: House) -> None:
    tenancy = rents(house)
    order_fault(house, kind="after_write", method="PUT", seconds=STALL)
    with house.serving() as bridge:
        assert is_answered(house, bridge, tenancy.move_in())
        until(lambda: _let_in(house, tenancy))
        kill(bridge)
        is_dead(bridge)
    for act in ("schedule-move-out", "confirm-move-out"):
        house.act(f"rentals/{tenancy.rental}/{act}")
    with house.serving() as bridge:
        until(lambda: not people(house, tenancy))
        at_rest(house, bridge)

    assert house.fields(tenancy.rental).get("gate_pinCode") is None
    assert rows(house, "SELECT state FROM subject") == [("idle",)]
