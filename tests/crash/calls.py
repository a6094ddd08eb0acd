"""What the gate tells of the calls that it had."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from tests.crash.mortal import MortalHouse
from tests.flow.house import House

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PEERS = """
SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
HELD = "SELECT lease_owner, tenant FROM subject WHERE state = 'running'"


@dataclass(frozen=True, kw_only=True)
class Call:
    at: datetime
    ended: datetime
    method: str
    path: str

    @property
    def person(self) -> str:
        """Return the person's part of the path; nothing where it names none."""
        return self.path.partition("/people/")[2].partition("/")[0]


def calls(house: House) -> list[Call]:
    """Return them all, the oldest first; one that is under way ends when it is asked for."""
    return [
        Call(
            at=datetime.fromisoformat(call["at"]),
            ended=datetime.fromisoformat(call["ended"]) if call["ended"] else datetime.now(UTC),
            method=call["method"],
            path=call["path"],
        )
        for call in house.http.get(f"{house.gate}/sandbox/log").json()["calls"]
    ]


def at_once(done: list[Call]) -> list[tuple[Call, Call]]:
    """Return the pairs of writes about one person of which the second began before the first had ended."""
    of_person = defaultdict[str, list[Call]](list)
    for call in done:
        if call.method in WRITES and call.person:
            of_person[call.person].append(call)
    found = []
    for writes in of_person.values():
        found += [(one, other) for one, other in pairwise(writes) if other.at < one.ended]
    return found


def peers(house: MortalHouse) -> set[int]:
    """Return the numbers of the processes on the house's database."""
    return {number for (number,) in house.database.rows(PEERS)}


def held_by(house: MortalHouse, owner: int) -> set[str]:
    """Return the tenants whom this process is at work on."""
    return {tenant for holder, tenant in house.database.rows(HELD) if holder == owner}
