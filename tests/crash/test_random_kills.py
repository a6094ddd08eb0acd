"""SIGKILL at random moments while deliveries pour in, from a sender that tries until it hears 200."""

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.crash.databases import Database
from tests.crash.mortal import (
    MortalHouse,
    Tenancy,
    assert_each_was_made_once,
    assert_nothing_is_stuck,
    at_rest,
    furnished,
    is_dead,
    kill,
    people,
    rents,
    rows,
)
from tests.flow.house import KEY_HEADER, House, sign

GIVE_UP_AFTER = 900.0
AT_REST_AFTER = 120.0
SENDERS = 4
PACE = 0.04
"""Seconds between two deliveries of one sender: the sending then lasts for most of the kills."""


@pytest.fixture
def house(own_sandbox: House, database: Database, tmp_path: Path) -> MortalHouse:
    return furnished(own_sandbox, tmp_path, database)


@dataclass(kw_only=True)
class Post:
    """The platform's sender, without its limit of three tries. It finds the bridge wherever it listens now."""

    port: int = 0
    acknowledged: set[str] = field(default_factory=set)
    tries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, events: list[dict[str, Any]]) -> None:
        with httpx.Client(timeout=2.0, trust_env=False) as client:
            for event in events:
                end = time.monotonic() + GIVE_UP_AFTER
                while not self._is_taken(client, event) and time.monotonic() < end:
                    time.sleep(PACE)
                time.sleep(PACE)

    def _is_taken(self, client: httpx.Client, event: dict[str, Any]) -> bool:
        body = json.dumps(event).encode()
        url = f"http://127.0.0.1:{self.port}/webhooks/lakeside"
        with self.lock:
            self.tries += 1
        try:
            answer = client.post(url, content=body, headers={"sg-signature": sign(body)})
        except httpx.TransportError:
            return False
        if answer.status_code == 200:
            with self.lock:
                self.acknowledged.add(event["id"])
        return answer.status_code == 200


def _happenings(house: House, tenancies: list[Tenancy], count: int, chance: Random) -> list[dict[str, Any]]:
    """Let things happen on the platform, and return what it has to tell of them, in no order."""
    events = [tenancy.move_in() for tenancy in tenancies]
    for number in range(count - len(events)):
        tenancy, act = chance.choice(tenancies), chance.choice(["overdue", "pay"])
        house.act(f"rentals/{tenancy.rental}/{act}")
        event_type = {"overdue": "unitRental.markOverdue", "pay": "unitRental.unmarkOverdue"}[act]
        events.append(tenancy.event(event_type, str(number)))
    chance.shuffle(events)
    return events


def _play(house: MortalHouse, *, deliveries: int, kills: int, tenants: int, seed: int, longest: float) -> Post:
    """Let bridges live for up to `longest` seconds while deliveries are sent; the last one lives on."""
    chance = Random(seed)
    tenancies = [rents(house) for _ in range(tenants)]
    events = _happenings(house, tenancies, deliveries, chance)
    post = Post()
    senders = [threading.Thread(target=post.send, args=(events[start::SENDERS],)) for start in range(SENDERS)]
    for life in range(kills):
        with house.serving() as bridge:
            post.port = bridge.port
            if life == 0:
                for thread in senders:
                    thread.start()
            time.sleep(chance.uniform(0.02, longest))
            kill(bridge)
            is_dead(bridge)
    with house.serving() as bridge:
        post.port = bridge.port
        for thread in senders:
            thread.join(GIVE_UP_AFTER)
        at_rest(house, bridge, AT_REST_AFTER)
    _nothing_is_lost(house, events, post)
    assert_nothing_is_stuck(house)
    assert_each_was_made_once(house)
    for tenancy in tenancies:
        _gate_equals_platform(house, tenancy)
    return post


def _nothing_is_lost(house: MortalHouse, events: list[dict[str, Any]], post: Post) -> None:
    kept = dict(rows(house, "SELECT event_id, state FROM delivery"))
    assert {event["id"] for event in events} == post.acknowledged == kept.keys()
    assert set(kept.values()) == {"done"}


def _gate_equals_platform(house: House, tenancy: Tenancy) -> None:
    """A tenant who owed from the first look on was never at the gate; every other is there once."""
    answer = house.http.get(f"{house.platform}/api/v1/admin/unit-rentals/{tenancy.rental}", headers=KEY_HEADER)
    owes, fields = bool(answer.json().get("overdue")), house.fields(tenancy.rental)
    assert fields["gate_status"] == ("suspended: overdue" if owes else "granted")
    assert {person["code"] for person in people(house, tenancy)} <= {fields["gate_pinCode"]}
    assert len(people(house, tenancy)) <= 1
    assert house.opens(tenancy.target, fields["gate_pinCode"]) is not owes


def test_three_kills_in_a_hundred_and_fifty_deliveries_lose_and_double_nothing(house: MortalHouse) -> None:
    post = _play(house, deliveries=150, kills=3, tenants=15, seed=20260304, longest=0.8)

    assert post.tries > len(post.acknowledged), "some were cut off, and sent again"
    assert rows(house, "SELECT state, count(*) FROM code GROUP BY state") == [("current", 15)]


@pytest.mark.soak
def test_fifty_kills_in_five_thousand_deliveries_lose_and_double_nothing(house: MortalHouse) -> None:
    post = _play(house, deliveries=5000, kills=50, tenants=200, seed=7, longest=3.0)

    assert post.tries > len(post.acknowledged)
    assert rows(house, "SELECT state, count(*) FROM code GROUP BY state") == [("current", 200)]
