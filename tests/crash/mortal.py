"""A house whose bridges die, and what must be true of it afterwards."""

import contextlib
import itertools
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from tests.crash import launcher
from tests.flow.house import ADDON, CONFIGURATION, SITE, WAIT_SECONDS, Bridge, House, until

_numbers = itertools.count(1)


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


def furnished(house: House, folder: Path) -> House:
    """Return the same sandbox with a folder, and so a store, of its own; other houses' tenants are not looked for."""
    own = replace(house, folder=folder)
    own.file.write_text(
        CONFIGURATION.format(folder=folder, platform=house.platform, gate=house.gate, site=SITE, addon=ADDON)
    )
    own.only_sweep()
    return own


def rents(house: House) -> Tenancy:
    made = house.new_rental(next(_numbers))
    return Tenancy(rental=made["id"], tenant=made["ownerId"], target=made["target"], job=made["moveInJobId"])


@contextlib.contextmanager
def doomed(house: House, point: str) -> Iterator[Bridge]:
    """Serve inside the block until the process comes to `point`."""
    script = [sys.executable, launcher.__file__, point]
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


def rows(house: House, statement: str) -> list[Any]:
    """Ask the store's file; its bridge has ended."""
    uri = (house.folder / "gatebridge.db").as_uri() + "?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
        return database.execute(statement).fetchall()


def at_rest(house: House, bridge: Bridge) -> None:
    """Wait until nothing waits or runs in the bridge."""

    def is_idle() -> bool:
        text = house.http.get(f"http://127.0.0.1:{bridge.port}/metrics").text
        waiting = ('"delivery.new"', '"delivery.running"', '"subject.ready"', '"subject.running"')
        lines = [
            line for line in text.splitlines() if any(f"gatebridge_rows{{row={word}}}" in line for word in waiting)
        ]
        return len(lines) == len(waiting) and all(line.endswith(" 0.0") for line in lines)

    until(is_idle)


def assert_granted_once(house: House, tenancy: Tenancy) -> None:
    """The tenant has one person with one code, which opens their door and stands in their field."""
    fields = house.fields(tenancy.rental)
    assert fields["gate_status"] == "granted"
    (person,) = people(house, tenancy)
    assert person["code"] == fields["gate_pinCode"]
    assert house.opens(tenancy.target, person["code"])
