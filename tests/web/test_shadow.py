"""The operator API tells how sites in shadow agree with what is done there."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.ids import RentalId, TargetId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from tests.contracts.store_builders import a_key
from tests.web.conftest import World

pytestmark = pytest.mark.anyio
ROOT = "/api/v1/shadow"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def note(minute: int, what: str, **details: str) -> LedgerEntry:
    return LedgerEntry(
        kind=LedgerKind.SHADOW,
        at=NOON + timedelta(minutes=minute),
        what=what,
        subject=a_key("t1"),
        rental=RentalId("r1"),
        target=TargetId("B-001"),
        details=details,
    )


NOTES = [
    note(0, "would", change="grant"),
    note(0, "look", ours="open", theirs="open"),
    note(1, "would", change="revoke", held="more than 0 removals at this site within an hour"),
    note(1, "look", ours="closed", theirs="open"),
    note(4, "look", ours="closed", theirs="closed"),
]


async def test_a_site_is_told_with_totals_and_each_rental(world: World) -> None:
    await world.store.record(NOTES)
    (site,) = (await world.operator.get(ROOT)).json()["sites"]
    (row,) = site.pop("rentals")
    assert site == {
        "connection": "lakeside",
        "site": "site1",
        "percent": 100.0,
        "totals": {"agree": 1, "we_open": 0, "they_open": 0, "unknown": 0},
        "they_followed": 1,
        "we_followed": 0,
        "median_minutes": 3.0,
        "most_minutes": 3.0,
        "would": {"grant": 1, "revoke": 1},
        "held": 1,
    }
    assert (row["rental"], row["standing"], row["held"]) == ("r1", "agree", NOTES[2].details["held"])
    assert row["turns"] == [{"at": "2026-03-04T12:01:00Z", "to": "closed", "they_follow": True, "minutes": 3.0}]
    (later,) = (await world.operator.get(ROOT, params={"since": "2026-03-04T13:00+00:00"})).json()["sites"]
    assert (later["would"], later["they_followed"], later["totals"]["agree"]) == ({}, 0, 1)


@pytest.mark.parametrize(
    ("params", "status", "says"),
    [({"site": "site2"}, 404, "shadow"), ({"since": "yesterday"}, 400, "since"), ({"site": "x\x1b[2J"}, 404, "shadow")],
)
async def test_a_mistake_is_answered_in_one_line(world: World, params: dict[str, str], status: int, says: str) -> None:
    answer = await world.operator.get(ROOT, params=params)
    assert answer.status_code == status
    assert says in answer.json()["message"]
    assert answer.json()["message"].isprintable()
