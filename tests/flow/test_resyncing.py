"""`gatebridge plan` and `gatebridge resync`, beside a running bridge and without one."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.house import SITE, House, command, sandboxed, until


@pytest.fixture
def lone_house(tmp_path: Path) -> Iterator[House]:
    with sandboxed(tmp_path) as house:
        house.only_sweep()
        yield house


def test_what_was_planned_is_done_once_it_is_approved_and_nothing_else(lone_house: House) -> None:
    house = lone_house
    rental, other = house.new_rental(1), house.new_rental(2)
    alone = house.run_json("plan", "--site", SITE)
    unable = house.run("resync", "--site", SITE, "--yes")
    with house.serving():
        beside = house.run_json("plan", "--site", SITE)
        shown = house.run("plan", "--rental", rental["id"])
        digest = house.run_json("plan", "--rental", rental["id"])["digest"]
        done = house.run("resync", "--rental", rental["id"], "--plan", digest)
        code = house.until_code(rental["id"])
        assert house.opens(rental["target"], code)
        assert house.fields(other["id"]).get("gate_pinCode") is None
        late = house.run("resync", "--rental", rental["id"], "--plan", digest)
        rest = house.run_json("resync", "--site", SITE, "--yes")
        again = house.run_json("plan", "--all")

    assert beside["items"] == alone["items"]
    assert beside["digest"] == alone["digest"]
    assert {item["rental"]: item["standing"] for item in beside["items"]}[rental["id"]] == "grant"
    assert f"--plan {digest}" in shown.stdout
    assert (unable.returncode, unable.stdout, unable.stderr.count("\n")) == (1, "", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[-1] for line in done.stdout.splitlines() if line.startswith(rental["id"])] == ["done"]
    assert (late.returncode, late.stdout, late.stderr.count("\n")) == (1, "", 1)
    assert "grant F-001" in late.stderr
    assert {one["progress"] for one in rest["outcomes"]} == {"done"}
    assert other["id"] in {item["rental"] for item in rest["plan"]["items"] if item["standing"] == "grant"}
    assert {item["standing"] for item in again["items"]} == {"unchanged"}
    said = f"{beside}{shown.stdout}{done.stdout}{done.stderr}{late.stderr}{rest}{again}"
    assert code not in said
    assert "Flow" not in said, "ids only, no tenant's name"


def test_who_is_no_longer_followed_is_put_right_all_the_same(lone_house: House) -> None:
    house = lone_house
    rental = house.new_rental(1)
    with house.serving():
        assert house.run("pause", "--site", SITE, "--reason", "new locks").returncode == 0
        noted = house.run_json("plan", "--rental", rental["id"])
        follower = subprocess.Popen(
            command("--config", str(house.file), "resync", "--rental", rental["id"], "--yes"),
            env=house.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: house.run_json("queue")["subjects"]["due"] == 1)
        time.sleep(0.5)
        follower.send_signal(signal.SIGINT)
        _, said = follower.communicate(timeout=20)
        (waiting,) = house.run_json("operations", "list")
        shown = house.run("operations", "show", "1")
        assert house.run("resume", "--site", SITE).returncode == 0
        house.until_status(rental["id"], "granted")

    assert "is paused since" in json.dumps(noted["notes"])
    assert follower.returncode == 130
    first, last = said.splitlines()
    assert "is paused since" in first
    assert last == "gatebridge: no longer followed; it goes on by itself: see gatebridge operations show 1"
    assert (waiting["id"], waiting["state"], waiting["tenants"]) == (1, "running", 1)
    assert "Waits: site " in shown.stdout


def test_an_operation_is_cancelled_and_resumed_through_a_restart(lone_house: House) -> None:
    house = lone_house
    rental = house.new_rental(1)
    with house.serving():
        assert house.run("pause", "--site", SITE, "--reason", "new locks").returncode == 0
        begun = house.run("resync", "--rental", rental["id"], "--yes", "--no-wait")
        cancelled = house.run_json("operations", "cancel", "1")
        assert house.run_json("queue")["subjects"]["due"] == 0
    (alone,) = house.run_json("operations", "list")
    with house.serving():
        assert house.run("operations", "resume", "1").stdout.startswith("Tenants to be put right: 1.")
        assert house.run("resume", "--site", SITE).returncode == 0
        house.until_status(rental["id"], "granted")
        until(lambda: house.run_json("operations", "show", "1")["state"] == "done")
        unknown = house.run("operations", "cancel", "9")

    assert "gatebridge operations show 1" in begun.stdout
    assert (cancelled["taken_back"], cancelled["at_work"]) == (1, 0)
    assert (alone["state"], alone["counts"]["cancelled"]) == ("cancelled", 1)
    assert (unknown.returncode, unknown.stdout, unknown.stderr.count("\n")) == (1, "", 1)
