"""SIGKILL at each step of the spine: nothing acknowledged is lost, nobody is made twice, no second code is given."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.crash.databases import served_by
from tests.crash.launcher import POINTS, When
from tests.crash.mortal import MortalHouse, at_rest, doomed, furnished, is_answered, is_dead, kill, people, rents, rows
from tests.flow.house import House

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
AGAIN = {
    (SQLITE, "committed, not answered"): "duplicate",
    (SQLITE, "inserted, not committed"): "accepted",
    # There each batch is one statement, which commits itself.
    (POSTGRES, "inserted, not committed"): "duplicate",
}
"""What is said of a delivery that is sent again: new only where it was not committed."""
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


@pytest.mark.parametrize(("database", "point"), CRASHES)
def test_after_a_crash_all_is_as_if_there_had_been_none(
    database: str, point: str, sandbox: House, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """What was acknowledged is done, once: one person with one code, who can open their door with it."""
    if database == SQLITE:
        after = crash(furnished(sandbox, tmp_path), point)
    else:
        with served_by(request.getfixturevalue("postgres_cluster")) as served:
            after = crash(furnished(sandbox, tmp_path, served), point)

    assert after.answered is (point not in BEFORE_THE_ANSWER)
    assert after.deliveries == [("done",)]
    assert after.subjects == [("idle",)]
    assert after.fields["gate_status"] == "granted"
    assert [person["code"] for person in after.people] == [after.fields["gate_pinCode"]]
    # By chance two tenants of the sandbox's gate draw one code: then the bridge has taken another, and nothing else.
    assert after.codes in ([("current",)], [("retired",), ("current",)])
    assert after.opens
    assert after.again == AGAIN.get((database, point), after.again)
