"""`gatebridge revoke` beside a running bridge: the doors close while it looks on, or it says that they do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.house import SITE, House, sandboxed


@pytest.fixture
def lone_house(tmp_path: Path) -> Iterator[House]:
    with sandboxed(tmp_path) as house:
        yield house


def test_a_person_is_shut_out_through_a_pause_and_let_in_again(lone_house: House) -> None:
    house = lone_house
    rental = house.new_rental(1)
    with house.serving():
        code = house.until_code(rental["id"])
        tenant = rental["ownerId"]
        assert house.run("pause", "--site", SITE, "--reason", "new locks").returncode == 0
        done = house.run("revoke", "--tenant", tenant, "--reason", "threatened the staff", "--yes")
        assert not house.opens(rental["target"], code)
        assert house.run("resume", "--site", SITE).returncode == 0
        house.until_status(rental["id"], "revoked: emergency")
        assert house.run_json("revoked")[0]["tenant"] == tenant
        given = house.run("unrevoke", "--tenant", tenant, "--reason", "it was somebody else", "--yes")
        house.until_status(rental["id"], "granted")
        assert house.opens(rental["target"], house.until_code(rental["id"]))

    assert (done.returncode, done.stderr) == (0, "")
    row = next(line for line in done.stdout.splitlines() if line.startswith(SITE) and rental["target"] in line)
    assert row.split()[-1] == "closed"
    assert "is paused since" in done.stdout
    assert done.stdout.splitlines()[-1] == "Closed everywhere, and kept so until you run gatebridge unrevoke."
    assert given.returncode == 0


def test_a_gate_that_is_away_is_said_to_be_open(lone_house: House) -> None:
    house = lone_house
    rental = house.new_rental(1)
    with house.serving():
        house.until_code(rental["id"])
        fault = {"kind": "fail", "status": 500, "count": None}
        assert house.http.post(f"{house.gate}/sandbox/faults", json=fault).is_success
        done = house.run(
            "revoke", "--tenant", rental["ownerId"], "--reason", "threatened the staff", "--yes", "--wait", "2"
        )
    assert done.returncode == 1
    assert "STILL OPEN (" in done.stdout
    assert "500" in done.stdout
