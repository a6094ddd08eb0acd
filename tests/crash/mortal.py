"""A house whose bridges die, and what must be true of it afterwards."""

import contextlib
import itertools
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.crash import launcher
from tests.crash.databases import Database, File, is_chained
from tests.flow.house import ADDON, CONFIGURATION, SITE, WAIT_SECONDS, Bridge, House, until

FIRST_ID = 1001
"""Of the gate's people; each one made has the next number."""
_numbers = itertools.count(1)


@dataclass(kw_only=True)
class MortalHouse(House):
    """A house with a folder of its own, and a database that other houses may share."""

    database: Database


@dataclass(frozen=True, kw_only=True)
class Tenancy:
    """A tenant of their own, in a unit of their own."""

    rental: str
    tenant: str
    target: str
    job: str

    def event(self, event_type: str, name: str) -> dict[str, Any]:
        return {"id": f"{self.rental}-{name}", "type": event_type, "data": {"unitRentalId": self.rental}}

    def move_in(self) -> dict[str, Any]:
        return {
            "id": f"{self.rental}-move-in",
            "type": "job.unit_moveIn.completed",
            "data": {"jobId": self.job},
        }


def furnished(house: House, folder: Path, database: Database | None = None) -> MortalHouse:
    """Return the same sandbox with a folder, and so a store, of its own; other houses' tenants are not looked for."""
    database = database or File(path=folder / "gatebridge.db")
    own = MortalHouse(folder=folder, platform=house.platform, gate=house.gate, http=house.http, database=database)
    text = CONFIGURATION.format(folder=folder, platform=house.platform, gate=house.gate, site=SITE, addon=ADDON)
    file_url = f"sqlite:///{folder}/gatebridge.db"
    own.file.write_text(f'[server]\nstate_dir = "{folder}"\n{text.replace(file_url, database.url)}')
    own.only_sweep()
    return own


def rents(house: House) -> Tenancy:
    made = house.new_rental(next(_numbers))
    return Tenancy(rental=made["id"], tenant=made["ownerId"], target=made["target"], job=made["moveInJobId"])


@contextlib.contextmanager
def doomed(house: MortalHouse, point: str) -> Iterator[Bridge]:
    """Serve inside the block until the process comes to `point`."""
    script = [sys.executable, launcher.__file__, house.database.name, point]
    with house.serving(program=script) as bridge:
        yield bridge


def is_answered(house: House, bridge: Bridge, body: dict[str, Any]) -> bool:
    """Post, and tell whether it was acknowledged before the process died."""
    try:
        answer = house.post(bridge, body)
    except httpx.TransportError:
        return False
    assert answer.status_code == 200
    return True


def kill(bridge: Bridge) -> None:
    os.kill(bridge.process.pid, signal.SIGKILL)


def is_dead(bridge: Bridge) -> None:
    """Wait for the death, and see that it was no ordinary end."""
    assert bridge.process.wait(timeout=WAIT_SECONDS) == -signal.SIGKILL


def people(house: House, tenancy: Tenancy) -> list[dict[str, Any]]:
    """Return whom the gate knows under the tenant's key."""
    sites = house.http.get(f"{house.gate}/sandbox/state", params={"codes": "true"}).json()["sites"]
    known: list[dict[str, Any]] = sites.get(SITE, {"people": []})["people"]
    return [person for person in known if (person["external_key"] or "").endswith(f":{tenancy.tenant}")]


def order_fault(house: House, **fault: Any) -> None:
    house.http.post(f"{house.gate}/sandbox/faults", json=fault).raise_for_status()


def clear_faults(house: House) -> None:
    house.http.delete(f"{house.gate}/sandbox/faults").raise_for_status()


def rows(house: MortalHouse, statement: str) -> list[Any]:
    return house.database.rows(statement)


def at_rest(house: House, bridge: Bridge, seconds: float = WAIT_SECONDS) -> None:
    """Wait until nothing waits or runs in the bridge."""

    def is_idle() -> bool:
        text = house.http.get(f"http://127.0.0.1:{bridge.port}/metrics").text
        waiting = ('"delivery.new"', '"delivery.running"', '"subject.ready"', '"subject.running"')
        lines = [
            line for line in text.splitlines() if any(f"gatebridge_rows{{row={word}}}" in line for word in waiting)
        ]
        return len(lines) == len(waiting) and all(line.endswith(" 0.0") for line in lines)

    until(is_idle, seconds)


def assert_granted_once(house: House, tenancy: Tenancy) -> None:
    """The tenant has one person with one code, which opens their door and stands in their field."""
    fields = house.fields(tenancy.rental)
    assert fields["gate_status"] == "granted"
    (person,) = people(house, tenancy)
    assert person["code"] == fields["gate_pinCode"]
    assert house.opens(tenancy.target, person["code"])


def assert_nothing_is_stuck(house: MortalHouse) -> None:
    """Nothing waits, nothing is leased or set aside, and what is recorded is whole."""
    states = "SELECT 'delivery', state FROM delivery UNION SELECT 'subject', state FROM subject"
    assert set(rows(house, states)) <= {("delivery", "done"), ("delivery", "ignored"), ("subject", "idle")}
    leases = "SELECT lease_until FROM delivery UNION SELECT lease_until FROM subject"
    assert set(rows(house, leases)) <= {(None,)}
    assert is_chained(house.database)


def assert_each_was_made_once(house: House) -> None:
    """At a gate of this test's own: everybody who was ever made is there, under a key that nobody else has."""
    there = house.http.get(f"{house.gate}/sandbox/state").json()["sites"][SITE]["people"]
    assert [person["id"] for person in there] == list(range(FIRST_ID, FIRST_ID + len(there)))
    assert len({person["external_key"] for person in there}) == len(there)


def kept(house: MortalHouse) -> set[str]:
    """Return the events whose deliveries the store has."""
    return {event for (event,) in rows(house, "SELECT event_id FROM delivery")}
