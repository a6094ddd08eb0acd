"""Ten times the usual for a while, and ten thousand old deliveries at once: nothing is lost, and new tenants get in."""

import json
import sqlite3
import subprocess
import time
from contextlib import ExitStack, closing
from statistics import quantiles

import pytest

from tests.crash.mortal import (
    MortalHouse,
    assert_granted_once,
    assert_nothing_is_stuck,
    at_rest,
    is_answered,
    kept,
    order_fault,
    rents,
    rows,
)
from tests.crash.steady import BUDGET, Steady, assert_honest, posting
from tests.flow.house import Bridge, House, command, until

USUAL_SECONDS, BURST_SECONDS = 10.0, 60.0
SENDERS = 10
OVERDUE = "unitRental.markOverdue"
DEAD = 10_000
SUBJECTS = 50
PATIENCE = 180.0
WORKED_OFF = 100
"""So many deliveries a second are worked off at least, once no more come in."""
REPLAY_PATIENCE = 600.0
"""Each is looked at and noted by itself; the command goes from one to the next."""
REPLAYED = "SELECT count(*) FROM delivery WHERE event_id LIKE 'dead-%' AND state <> 'dead'"
DEAD_STILL = "SELECT count(*) FROM delivery WHERE state = 'dead'"

pytestmark = pytest.mark.soak


def seconds_to_open(house: House, bridge: Bridge) -> float:
    """Let somebody move in, and return how long it took until they stood at the gate."""
    tenancy, began = rents(house), time.monotonic()
    assert is_answered(house, bridge, tenancy.move_in())
    house.until_status(tenancy.rental, "granted")
    took = time.monotonic() - began
    assert_granted_once(house, tenancy)
    return took


def test_a_burst_of_ten_times_the_usual_is_taken_or_told_when_to_come_again(home: MortalHouse) -> None:  # O01
    abouts = [rents(home) for _ in range(SENDERS)]
    with home.serving() as bridge:
        with posting(Steady(bridge, abouts[0], name="usual")):
            time.sleep(USUAL_SECONDS)
        senders = [Steady(bridge, about, name="burst", word=OVERDUE, pace=0.005) for about in abouts]
        with ExitStack() as stack:
            for sender in senders:
                stack.enter_context(posting(sender))
            time.sleep(BURST_SECONDS / 2)
            assert seconds_to_open(home, bridge) < 10
            time.sleep(BURST_SECONDS / 2)
        stored = kept(home)
        at_rest(home, bridge, len(stored) / WORKED_OFF)
    for sender in senders:
        assert_honest(sender, lambda: stored)
    assert quantiles([answer.seconds for sender in senders for answer in sender.answers], n=100)[-1] < BUDGET / 2
    assert_nothing_is_stuck(home)


def test_ten_thousand_dead_ones_replayed_at_once_keep_no_new_tenant_waiting(house: MortalHouse) -> None:  # D09
    abouts = [rents(house) for _ in range(SUBJECTS)]
    with house.serving() as bridge:
        for about in abouts:
            assert is_answered(house, bridge, about.move_in())
        at_rest(house, bridge)
    _give_up(house, [about.rental for about in abouts])
    order_fault(house, latency=0.6)
    with house.serving() as bridge:
        arguments = ("deadletters", "replay", "--all-matching", "--yes", "--reason", "mended")
        replay = subprocess.Popen(
            command("--config", str(house.file), *arguments), env=house.environment, stdout=subprocess.DEVNULL
        )
        until(lambda: rows(house, REPLAYED) > [(DEAD // 20,)])
        assert seconds_to_open(house, bridge) < 5
        assert rows(house, DEAD_STILL) > [(0,)], "while they were still at it"
        assert replay.wait(REPLAY_PATIENCE) == 0
        order_fault(house, latency=0.0)
        at_rest(house, bridge, PATIENCE)
        runs = bridge.output.count('"subject.settled"')
    assert runs < DEAD * 3 / 4, "what came while its tenant waited is one run"
    assert_nothing_is_stuck(house)


def _give_up(house: MortalHouse, rentals: list[str]) -> None:
    """Have so many deliveries of mixed events that were tried in vain, while no bridge runs."""
    words = ["unitRental.updated", "unitRental.markOverdue", "unitRental.unmarkOverdue"]
    with closing(sqlite3.connect(house.folder / "gatebridge.db")) as database:
        database.executemany(
            "INSERT INTO delivery (connection, event_id, event_type, received_at, body, state, attempts, note) "
            "VALUES ('lakeside', ?, ?, ?, ?, 'dead', 30, 'the platform did not answer')",
            [
                (
                    f"dead-{number}",
                    word := words[number % 3],
                    time.time_ns() // 1000,
                    json.dumps(
                        {
                            "id": f"dead-{number}",
                            "type": word,
                            "data": {"unitRentalId": rentals[number % len(rentals)]},
                        }
                    ).encode(),
                )
                for number in range(DEAD)
            ],
        )
        database.commit()
