"""The operator API lists what has drifted and was left so, of one site or of all."""

from datetime import UTC, datetime

import pytest

from bridge.domain.drift import Aspect, Drift, DriftKind, Left, Sight
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.outcome import Done
from bridge.ports.store import SubjectCommit
from tests.contracts.store_builders import claimed
from tests.web.conftest import World

pytestmark = pytest.mark.anyio
SINCE = datetime(2026, 3, 4, 11, tzinfo=UTC)
DRIFT = Drift(
    kind=DriftKind.MISSING,
    aspect=Aspect.DOOR,
    target=TargetId("B-014"),
    since=SINCE,
    left=Left.FIGHT,
    rentals=(RentalId("r1"),),
)


async def test_what_is_left_is_listed_with_why(world: World) -> None:
    claim = await claimed(world.store)
    await world.store.commit(claim, SubjectCommit(outcome=Done(), sight=Sight(left=(DRIFT,)), is_first_sight=True))
    rows = (await world.operator.get("/api/v1/drift")).json()["rows"]
    assert rows == [
        {
            "connection": claim.key.connection,
            "site": claim.key.site,
            "tenant": claim.key.tenant,
            "kind": "missing",
            "aspect": "door",
            "door": "B-014",
            "rentals": ["r1"],
            "since": "2026-03-04T11:00:00Z",
            "left": "fight",
        }
    ]
    here = await world.operator.get("/api/v1/drift", params={"site": claim.key.site})
    elsewhere = await world.operator.get("/api/v1/drift", params={"site": "nowhere\n"})
    assert (here.json()["rows"], elsewhere.json()["rows"]) == (rows, [])
