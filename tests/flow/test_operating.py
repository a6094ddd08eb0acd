"""What an operator does beside a running bridge, and without one."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flow.house import SITE, House, command, free_port, sandboxed, until
from tests.service.backups import back_up, restore


@pytest.fixture
def lone_house(tmp_path: Path) -> Iterator[House]:
    with sandboxed(tmp_path) as house:
        yield house


def test_the_commands_tell_the_same_beside_a_bridge_and_without_one(lone_house: House) -> None:
    house = lone_house
    rental = house.new_rental(1)
    event = {"id": "op-1", "type": "job.unit_moveIn.completed", "data": {"jobId": rental["moveInJobId"]}}
    with house.serving() as bridge:
        house.post(bridge, event)
        house.post(bridge, b"not json")
        house.until_code(rental["id"])
        shown = house.until_settled(1)
        assert shown["state"] == "done"
        assert json.loads(shown["body"]) == event
        assert [subject["site"] for subject in shown["subjects"]] == [SITE]
        assert [row["state"] for row in house.run_json("deliveries", "list")] == ["quarantined", "done"]
        assert house.run_json("deliveries", "list", "--state", "quarantined")[0]["id"] == 2
        assert house.run_json("deliveries", "replay", "1")["id"] == 1
        house.until_settled(1)
        assert house.run_json("alerts") == []
        verdicts = {row["verdict"] for row in house.run_json("check")}
        assert verdicts <= {"ok", "warning"}
        people = [row for row in house.run("deliveries", "list").stdout.splitlines() if "quarantined" in row]
        assert len(people) == 1

        second = house.run("serve", "--port", "0")
        assert second.returncode == 2
        assert second.stderr.count("\n") == 1
        assert str(bridge.process.pid) in second.stderr
        assert bridge.stop() == 0
    assert [row["state"] for row in house.run_json("deliveries", "list")] == ["quarantined", "done"]
    assert "nothing to do" in house.run("db", "upgrade").stdout
    unknown = house.run("deliveries", "show", "99")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (1, 1)


def test_a_sweep_finds_a_tenant_of_whom_nothing_was_ever_told(lone_house: House) -> None:
    house = lone_house
    house.only_sweep()
    first, second = house.new_rental(1), house.new_rental(2)
    with house.serving() as bridge:
        swept = house.run("sweep")
        codes = [house.until_code(rental["id"]) for rental in (first, second)]
        assert bridge.stop() == 0
    third = house.new_rental(3)
    alone = house.run_json("sweep")
    with house.serving():
        codes.append(house.until_code(third["id"]))

    assert (swept.returncode, swept.stderr) == (0, "")
    assert swept.stdout.splitlines()[-1] == "Tenants found who were not known: 2"
    assert alone == {"marked": 0, "in_step": 2, "found": 1, "not_listed": [], "unknown": []}
    assert len(set(codes)) == 3


def test_a_tenant_of_whom_nothing_was_ever_told_is_caught_up_with(lone_house: House) -> None:
    house = lone_house
    first = house.new_rental(1)
    with house.serving() as bridge:
        codes = [house.until_code(first["id"])]
        second = house.new_rental(2)
        beside = house.run("catch-up", "--connection", "lakeside")
        codes.append(house.until_code(second["id"]))
        assert bridge.stop() == 0
    third = house.new_rental(3)
    alone = house.run_json("catch-up")
    with house.serving():
        codes.append(house.until_code(third["id"]))

    assert (beside.returncode, beside.stderr) == (0, "")
    assert "Tenants found who were not known: 1" in beside.stdout.splitlines()
    assert (alone["found"], alone["missed"], alone["not_caught_up"]) == (1, 0, [])
    assert len(set(codes)) == 3


def test_a_paused_site_is_left_alone_through_a_restart_while_deliveries_come_in(lone_house: House) -> None:
    house = lone_house
    rental = house.new_rental(1)
    event = {"id": "paused-1", "type": "job.unit_moveIn.completed", "data": {"jobId": rental["moveInJobId"]}}
    assert house.run("pause", "--site", SITE, "--reason", "new locks").returncode == 0
    with house.serving() as bridge:
        assert house.post(bridge, event).status_code == 200
        assert house.until_settled(1)["state"] == "done"
        until(lambda: house.run_json("queue")["subjects"]["due"] == 1)
        assert bridge.stop() == 0
    people = house.http.get(f"{house.gate}/sandbox/state").json()["sites"].get(SITE, {}).get("people", [])
    assert list(people) == []
    with house.serving() as bridge:
        view = house.run_json("queue")
        metrics = house.http.get(f"http://127.0.0.1:{bridge.port}/metrics").text
        told = house.run("explain", "--rental", rental["id"]).stdout
        assert house.fields(rental["id"]).get("gate_pinCode") is None
        assert house.run("resume", "--site", SITE).stdout == "Resumed.\n"
        code = house.until_code(rental["id"])
        assert bridge.stop() == 0

    assert (view["subjects"]["due"], view["oldest"] is None) == (1, False)
    assert [(pause["scope"], pause["name"], pause["reason"]) for pause in view["paused"]] == [
        ("site", SITE, "new locks")
    ]
    assert 'gatebridge_rows{row="pause.site"} 1.0' in metrics
    assert f"site {SITE} is paused since" in told
    assert "gatebridge resume" in told
    assert house.opens(rental["target"], code)


def test_what_was_accepted_before_a_stop_is_done_after_the_next_start(lone_house: House) -> None:
    house = lone_house
    rentals = [house.new_rental(number) for number in range(5)]
    house.http.put(f"{house.platform}/sandbox/faults", json={"latency": 0.3}).raise_for_status()
    with house.serving() as bridge:
        for number, rental in enumerate(rentals):
            body = {"id": f"stop-{number}", "type": "job.unit_moveIn.completed", "data": {"unitRentalId": rental["id"]}}
            assert house.post(bridge, body).status_code == 200
        began = time.monotonic()
        assert bridge.stop() == 0
        assert time.monotonic() - began < 15
    house.http.put(f"{house.platform}/sandbox/faults", json={}).raise_for_status()
    with house.serving():
        codes = [house.until_code(rental["id"]) for rental in rentals]
    assert len(set(codes)) == 5
    assert all(house.opens(rental["target"], code) for rental, code in zip(rentals, codes, strict=True))
    people = house.http.get(f"{house.gate}/sandbox/state").json()["sites"][SITE]["people"]
    assert len(people) == 5


def test_a_stale_socket_of_a_killed_bridge_is_replaced(lone_house: House) -> None:
    house = lone_house
    with house.serving() as bridge:
        bridge.process.kill()
        bridge.process.wait()
    assert (house.folder / "operator.sock").exists()
    assert house.run_json("deliveries", "list") == []
    with house.serving():
        assert (house.folder / "operator.sock").stat().st_mode & 0o777 == 0o600
        assert house.run_json("deliveries", "list") == []


def test_a_port_that_is_taken_is_said_in_one_line(lone_house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = lone_house.run("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "cannot be listened on" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_demo_tells_its_story_and_ends_well() -> None:
    done = subprocess.run(
        command("demo", "--once", "--port", "0"), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for act in ("move-in", "overdue", "pay", "transfer", "move-out"):
        assert f"✓ {act}" in done.stdout
    assert done.stdout.count(" ms") == 5


def test_the_sandboxes_gate_has_a_fixed_face() -> None:
    port = free_port()
    with subprocess.Popen(command("sandbox", "gate", "--port", str(port)), stdout=subprocess.DEVNULL) as process:
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5, trust_env=False) as gate:

                def is_up() -> bool:
                    try:
                        return gate.get("/livez").status_code == 200
                    except httpx.HTTPError:
                        return False

                until(is_up)
                answer = gate.post("/keypad", json={"site": SITE, "target": "B-014", "code": "482913"})
                assert answer.status_code == 200
                assert answer.json()["opened"] is False
                assert isinstance(answer.json()["reason"], str)
                assert gate.post("/keypad", json={"site": SITE}).json()["opened"] is False
        finally:
            process.send_signal(signal.SIGTERM)


def test_after_yesterdays_backup_doors_open_and_none_closes_until_a_person_trusts_it(lone_house: House) -> None:  # C13
    house = lone_house
    first = house.new_rental(1)
    file = house.folder / "gatebridge.db"
    with house.serving() as bridge:
        house.post(bridge, {"id": "r-1", "type": "unitRental.updated", "data": {"unitRentalId": first["id"]}})
        code = house.until_code(first["id"])
        assert bridge.stop() == 0
    back_up(file, house.folder / "backup.db")
    second = house.new_rental(2)
    with house.serving() as bridge:
        house.post(bridge, {"id": "r-2", "type": "unitRental.updated", "data": {"unitRentalId": second["id"]}})
        house.until_code(second["id"])
        assert bridge.stop() == 0
    restore(house.folder / "backup.db", file)
    third = house.new_rental(3)
    with house.serving() as bridge:
        house.post(bridge, {"id": "r-3", "type": "unitRental.updated", "data": {"unitRentalId": third["id"]}})
        house.until_code(third["id"])
        house.act(f"rentals/{first['id']}/schedule-move-out")
        house.act(f"rentals/{first['id']}/confirm-move-out")
        house.post(bridge, {"id": "r-4", "type": "unitRental.updated", "data": {"unitRentalId": first["id"]}})
        house.until_status(first["id"], "granted: removal_held")
        assert house.opens(first["target"], code)
        assert [alert["what"] for alert in house.run_json("alerts")] == ["removals_held", "database_doubted"]
        trusted = house.run("db", "trust", "--reason", "looked at the plan")
        assert trusted.stdout == "Trusted. 1 removals that were held are judged anew now.\n"
        house.until_status(first["id"], "revoked")
        assert not house.opens(first["target"], code)
