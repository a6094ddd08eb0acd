"""`gatebridge explain`, beside a running bridge and without one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.house import SITE, House, sandboxed


@pytest.fixture
def lone_house(tmp_path: Path) -> Iterator[House]:
    with sandboxed(tmp_path) as house:
        yield house


def test_explain_tells_the_same_beside_a_bridge_and_without_one(lone_house: House) -> None:
    house = lone_house
    house.only_sweep()
    rental = house.new_rental(1)
    stranger = house.new_rental(2)
    event = {"id": "ex-1", "type": "job.unit_moveIn.completed", "data": {"unitRentalId": rental["id"]}}
    with house.serving() as bridge:
        house.post(bridge, event)
        code = house.until_code(rental["id"])
        house.until_status(rental["id"], "granted")
        house.until_settled(1)
        beside = house.run_json("explain", "--rental", rental["id"])
        unheard = house.run_json("explain", "--unit", stranger["target"], "--site", SITE)
    alone = house.run_json("explain", "--rental", rental["id"])
    told = house.run("explain", "--rental", rental["id"])
    later = house.run("explain", "--rental", rental["id"], "--at", "2030-01-01T09:00")
    nobody = house.run("explain", "--tenant", "66f1a0c2b7d4e90015c01000")

    assert beside["subjects"][0]["rentals"] == alone["subjects"][0]["rentals"]
    (explained,) = alone["subjects"][0]["rentals"]
    assert {check["verdict"] for check in explained["checks"]} == {"pass"}
    assert explained["advice"] == ["Nothing: the gate is open for this rental."]
    assert unheard["subjects"][0]["work"] is None
    assert (told.returncode, told.stderr) == (0, "")
    assert "  pass    overdue" in told.stdout
    assert "\x1b" not in told.stdout
    assert "from what the platform says now" in later.stdout
    assert (nobody.returncode, nobody.stdout, nobody.stderr.count("\n")) == (1, "", 1)
    said = f"{beside}{unheard}{alone}{told.stdout}{later.stdout}{nobody.stderr}"
    assert code not in said
    assert "Flow" not in said, "ids only, no tenant's name"
