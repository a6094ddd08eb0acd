"""What a bridge costs: next to nothing while nothing happens, and no more with time."""

import os
import time
from pathlib import Path
from statistics import mean

import pytest

from tests.crash.mortal import MortalHouse, assert_nothing_is_stuck, at_rest, is_answered, kept, rents
from tests.crash.steady import Steady, assert_honest, posting
from tests.flow.house import SITE, Bridge

SETTLING_SECONDS = 3.0
IDLE_SECONDS = 5.0
SOAK_SECONDS = 240
MEGABYTE = 1024 * 1024


def cpu_seconds(bridge: Bridge) -> float:
    """Return what it has used of a processor so far, as Linux tells it."""
    fields = Path(f"/proc/{bridge.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(bridge: Bridge) -> float:
    pages = int(Path(f"/proc/{bridge.process.pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def test_an_idle_bridge_leaves_the_processor_alone(home: MortalHouse) -> None:  # O12
    with home.serving() as bridge:
        time.sleep(SETTLING_SECONDS)
        before = cpu_seconds(bridge)
        time.sleep(IDLE_SECONDS)
        assert cpu_seconds(bridge) - before < 0.03 * IDLE_SECONDS


def test_what_is_scraped_names_nobody_and_no_place(house: MortalHouse) -> None:  # O06
    tenancy = rents(house)
    with house.serving() as bridge:
        assert is_answered(house, bridge, tenancy.move_in())
        house.until_status(tenancy.rental, "granted")
        at_rest(house, bridge)
        text = house.http.get(f"http://127.0.0.1:{bridge.port}/metrics").text
    assert "gatebridge_changes_total" in text
    code = house.fields(tenancy.rental)["gate_pinCode"]
    secret = (tenancy.rental, tenancy.tenant, tenancy.target, tenancy.job, code, SITE, "Flow", "example.net")
    assert [word for word in secret if word in text] == []


@pytest.mark.soak
def test_its_memory_does_not_grow_with_time(home: MortalHouse) -> None:  # O11
    about = rents(home)
    with home.serving() as bridge, posting(Steady(bridge, about, pace=0.018)) as steady:
        sizes = []
        for _ in range(SOAK_SECONDS):
            time.sleep(1.0)
            sizes.append(megabytes(bridge))
        steady.end()
        at_rest(home, bridge)
    quarter = SOAK_SECONDS // 4
    # What is kept in memory by design is bounded and full by then: pages of the file, connections, prepared statements.
    assert mean(sizes[-quarter:]) - mean(sizes[quarter : 2 * quarter]) < 6
    assert_honest(steady, lambda: kept(home))
    assert_nothing_is_stuck(home)
