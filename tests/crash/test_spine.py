"""SIGKILL at each step of the spine: nothing acknowledged is lost, nobody is made twice, no second code is given.

Three crashes are played at a time, ahead of the tests that look at what came of them.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.crash.databases import served_by
from tests.crash.launcher import POINTS, When
from tests.crash.mortal import MortalHouse, at_rest, doomed, furnished, is_answered, is_dead, kill, people, rents, rows
from tests.flow.house import House

AT_ONCE = 3
SQLITE, POSTGRES = "sqlite", "postgres"
QUICK_ON_POSTGRES = ("inserted, not committed", "marked, not committed", "gate called, reference not kept")
CRASHES = [
    *((SQLITE, point) for point in POINTS),
    *((POSTGRES, point) for point in QUICK_ON_POSTGRES),
    *(
        pytest.param(POSTGRES, point, marks=pytest.mark.soak, id=f"{POSTGRES}-{point}")
        for point in POINTS
        if point not in QUICK_ON_POSTGRES
    ),
]
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


def crash(house: MortalHouse, point: str) -> Aftermath:
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
        codes=rows(house, "SELECT state FROM code ORDER BY id"),
        deliveries=rows(house, "SELECT state FROM delivery WHERE event_type LIKE 'job.%'"),
        subjects=rows(house, "SELECT state FROM subject"),
    )


Play = Callable[[str, str], Aftermath]


@pytest.fixture(scope="module")
def aftermath(
    request: pytest.FixtureRequest, sandbox: House, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Play]:
    """Give what came of the crash at a point; those that the chosen tests ask for are played from the start."""
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted = {(one["database"], one["point"]) for one in asked if one.keys() >= {"database", "point"}}
    clusters = [request.getfixturevalue("postgres_cluster")] if any(name == POSTGRES for name, _ in wanted) else []

    def play(name: str, point: str) -> Aftermath:
        folder = tmp_path_factory.mktemp("crash")
        if name == SQLITE:
            return crash(furnished(sandbox, folder), point)
        with served_by(clusters[0]) as database:
            return crash(furnished(sandbox, folder, database), point)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        played: dict[tuple[str, str], Future[Aftermath]] = {one: pool.submit(play, *one) for one in sorted(wanted)}
        yield lambda name, point: played[name, point].result()
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(("database", "point"), CRASHES)
def test_nothing_that_was_acknowledged_is_lost(database: str, point: str, aftermath: Play) -> None:
    after = aftermath(database, point)

    assert after.answered is (point not in BEFORE_THE_ANSWER)
    assert after.deliveries == [("done",)]
    assert after.subjects == [("idle",)]
    assert after.fields["gate_status"] == "granted"


@pytest.mark.parametrize(("database", "point"), CRASHES)
def test_one_person_with_one_code_comes_of_it(database: str, point: str, aftermath: Play) -> None:
    after = aftermath(database, point)

    assert [person["code"] for person in after.people] == [after.fields["gate_pinCode"]]
    # By chance two tenants of the sandbox's gate draw one code: then the bridge has taken another, and nothing else.
    assert after.codes in ([("current",)], [("retired",), ("current",)])
    assert after.opens


@pytest.mark.parametrize(
    ("database", "point", "again"),
    [
        (SQLITE, "committed, not answered", "duplicate"),
        (SQLITE, "inserted, not committed", "accepted"),
        # There each batch is one statement, which commits itself.
        (POSTGRES, "inserted, not committed", "duplicate"),
    ],
)
def test_what_comes_again_is_new_only_where_it_was_not_committed(
    database: str, point: str, again: str, aftermath: Play
) -> None:
    assert aftermath(database, point).again == again
