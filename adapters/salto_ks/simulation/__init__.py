"""A Salto KS site, played for the conformance kit; written from the reference, its oddities too."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from starlette.types import ASGIApp

from adapters.salto_ks.simulation.api import Api
from adapters.salto_ks.simulation.face import CLIENT_ID, PASSWORD, SECRET, USERNAME, Face
from adapters.salto_ks.simulation.site import DOORS, SITE_ID, SITE_UID, Site
from bridge.sdk import TargetId
from bridge.testing.simulation import SimulatedClock


class SaltoSimulation:
    """One site with an admin. `options` are those that differ from the defaults; `face` is how its API behaves."""

    def __init__(self, clock: SimulatedClock, face: Face | None = None, **options: Any) -> None:
        self.site = Site(clock)
        self.face = face or Face()
        self._app = Api(self.site, self.face, clock).app
        self._options = options

    @property
    def app(self) -> ASGIApp:
        return self._app

    @property
    def options(self) -> Mapping[str, Any]:
        account = {"client_id": CLIENT_ID, "client_secret": SECRET, "username": USERNAME, "password": PASSWORD}
        return {"environment": "accept", "site": SITE_ID, **account, **self._options}

    @property
    def doors(self) -> Sequence[TargetId]:
        by_name = self._options.get("targets_by") == "name"
        return [TargetId(name if by_name else group) for name, group in DOORS.items()]

    def opens(self, code: str, door: TargetId) -> bool:
        return self.site.opens(code, DOORS.get(door, door))

    def credentials(self, door: TargetId) -> int:
        return len(self.site.groups[DOORS.get(door, door)].members)

    def made(self) -> int:
        return sum(not person.by_hand for person in self.site.people.values())

    def code_lives_with(self) -> str:
        return "person"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        person = self.site.add({"alias": name, "first_name": name, "last_name": name}, by_hand=True)
        person.pin = code
        self.site.groups[DOORS.get(door, door)].members[person.user] = False

    def by_hand(self) -> Any:
        strangers = [person for person in self.site.people.values() if person.by_hand]
        return [(astuple(person), self.site.groups_of(person)) for person in strangers]

    def rename_made(self, name: str) -> None:
        for person in self.site.people.values():
            if not person.by_hand:
                person.profile |= {"alias": name, "first_name": name, "last_name": name}

    def fill(self) -> bool:
        self.site.seats = 0
        return True

    def crowd(self, people: int) -> None:
        for number in range(people):
            person = self.site.add({"alias": f"Somebody {number}"}, by_hand=True)
            person.pin = self.site.next_pin()


__all__ = ["SITE_UID", "Face", "SaltoSimulation"]
