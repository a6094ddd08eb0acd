"""SIGKILL at each step of the spine: nothing acknowledged is lost, nobody is made twice, no second code is given.

Three crashes are played at a time, ahead of the tests that look at what came of them.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.crash.launcher import POINTS, When
from tests.crash.mortal import at_rest, doomed, furnished, is_answered, is_dead, kill, people, rents, rows
from tests.flow.house import House

AT_ONCE = 3
BEFORE_THE_ANSWER = frozenset({"read, not inserted", "inserted, not committed", "committed, not answered"})


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """What was so when the next bridge had come to rest. `again` is its answer to a delivery that had to be resent."""

    answered: bool
    again: str | None
    fields: dict[str, Any]
    people: list[dict[str, Any]]
    opens: bool
    codes: list[Any]
    deliveries: list[Any]
    subjects: list[Any]


def crash(house: House, point: str) -> Aftermath:
    """Die at `point` of a move-in, start again, and tell what came of it."""
    tenancy, again = rents(house), None
    with doomed(house, point) as bridge:
        answered = is_answered(house, bridge, tenancy.move_in())
        if POINTS[point].when is When.STALLED:
            kill(bridge)
        is_dead(bridge)
    with house.serving() as bridge:
        if not answered:
            again = house.post(bridge, tenancy.move_in()).json()["message"]
        house.until_status(tenancy.rental, "granted")
        at_rest(house, bridge)
    fields = house.fields(tenancy.rental)
    return Aftermath(
        answered=answered,
        again=again,
        fields=fields,
        people=people(house, tenancy),
        opens=house.opens(tenancy.target, fields["gate_pinCode"]),
        codes=rows(house, "SELECT state FROM code"),
        deliveries=rows(house, "SELECT state FROM delivery WHERE event_type LIKE 'job.%'"),
        subjects=rows(house, "SELECT state FROM subject"),
    )


@pytest.fixture(scope="module")
def aftermath(
    request: pytest.FixtureRequest, sandbox: House, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Aftermath]]:
    """Give what came of the crash at a point; those that the chosen tests ask for are played from the start."""
    wanted = {item.callspec.params.get("point") for item in request.session.items if hasattr(item, "callspec")}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        played: dict[str, Future[Aftermath]] = {
            point: pool.submit(crash, furnished(sandbox, tmp_path_factory.mktemp("crash")), point)
            for point in POINTS
            if point in wanted
        }
        yield lambda point: played[point].result()
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("point", list(POINTS))
def test_nothing_that_was_acknowledged_is_lost(point: str, aftermath: Callable[[str], Aftermath]) -> None:
    after = aftermath(point)

    assert after.answered is (point not in BEFORE_THE_ANSWER)
    assert after.deliveries == [("done",)]
    assert after.subjects == [("idle",)]
    assert after.fields["gate_status"] == "granted"


@pytest.mark.parametrize("point", list(POINTS))
def test_one_person_with_one_code_comes_of_it(point: str, aftermath: Callable[[str], Aftermath]) -> None:
    after = aftermath(point)

    assert [person["code"] for person in after.people] == [after.fields["gate_pinCode"]]
    # By chance two tenants of the sandbox's gate draw one code: then the bridge has taken another, and nothing else.
    assert after.codes in ([("current",)], [("retired",), ("current",)])
    assert after.opens


def test_a_delivery_that_was_committed_but_not_answered_is_a_duplicate_when_it_comes_again(
    aftermath: Callable[[str], Aftermath],
) -> None:
    assert aftermath("committed, not answered").again == "duplicate"


def test_a_delivery_that_was_not_committed_is_new_when_it_comes_again(
    aftermath: Callable[[str], Aftermath],
) -> None:
    assert aftermath("inserted, not committed").again == "accepted"
