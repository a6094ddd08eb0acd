"""A running bridge says which gate system does not answer, and goes on by itself when it does again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.house import SITE, House, sandboxed, until


@pytest.fixture
def lone_house(tmp_path: Path) -> Iterator[House]:
    with sandboxed(tmp_path) as house:
        yield house


def test_an_operator_sees_what_does_not_answer_and_when_it_is_tried(lone_house: House) -> None:
    house = lone_house
    rentals = [house.new_rental(number) for number in range(6)]
    fault = {"kind": "fail", "status": 503, "count": None}
    house.http.post(f"{house.gate}/sandbox/faults", json=fault).raise_for_status()
    with house.serving() as bridge:
        for number, rental in enumerate(rentals):
            event = {
                "id": f"down-{number}",
                "type": "job.unit_moveIn.completed",
                "data": {"unitRentalId": rental["id"]},
            }
            assert house.post(bridge, event).status_code == 200
        (row,) = until(lambda: house.run_json("queue")["not_answering"])
        told = house.run("queue").stdout
        metrics = house.http.get(f"http://127.0.0.1:{bridge.port}/metrics").text
        house.http.delete(f"{house.gate}/sandbox/faults").raise_for_status()
        codes = [house.until_code(rental["id"]) for rental in rentals]
        after = house.run_json("queue")["not_answering"]
        assert bridge.stop() == 0

    assert (row["site"], row["adapter"], row["state"]) == (SITE, "simulator", "open")
    assert "503" in row["why"]
    assert f"Not answering: site {SITE} (simulator) since 20" in told
    assert 'gatebridge_breakers{adapter="simulator",state="open"} 1.0' in metrics
    assert len(set(codes)) == 6
    assert after == []
    assert "breaker.opened" in bridge.output
    assert "breaker.closed" in bridge.output
