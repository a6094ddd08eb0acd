"""What the bridge can prove is told alike beside a running bridge and without one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flow.house import SITE, House, sandboxed


@pytest.fixture
def lone_house(tmp_path: Path) -> Iterator[House]:
    with sandboxed(tmp_path) as house:
        yield house


def test_who_and_the_ledger_are_told_alike_beside_a_bridge_and_without_one(lone_house: House) -> None:
    house = lone_house
    rental = house.new_rental(1)
    event = {"id": "proof-1", "type": "job.unit_moveIn.completed", "data": {"jobId": rental["moveInJobId"]}}
    with house.serving() as bridge:
        house.post(bridge, event)
        house.until_status(rental["id"], "granted")
        beside = told(house)
        (row,) = beside[0]
        refused = house.run("erase", "--tenant", row["tenant"], "--reason", "asked on paper", "--yes")
        assert bridge.stop() == 0
    assert told(house) == beside
    assert (row["rental"], row["door"], row["site"], row["at_door"]["state"], row["at_door"]["stage"]) == (
        rental["id"],
        rental["target"],
        SITE,
        "open",
        "confirmed",
    )
    assert beside[1]["broken"] is None
    assert beside[1]["entries"] == len(beside[2]) > 3
    assert beside[1]["chain"] == beside[2][-1]["chain"]
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert rental["target"] in refused.stderr


def told(house: House) -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
    exported = house.run("ledger", "export")
    assert (exported.returncode, exported.stderr) == (0, "")
    lines = [json.loads(line) for line in exported.stdout.splitlines()]
    return house.run_json("who", "--site", SITE), house.run_json("ledger", "verify"), lines
