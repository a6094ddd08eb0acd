"""People, seats, PINs and access groups of one site, without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from bridge.testing.simulation import SimulatedClock


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_OID, f"salto-ks-{name}"))


SITE_ID: Final = _uuid("site")
SITE_UID: Final = "DE0123456"
DOORS: Final[Mapping[str, str]] = {name: _uuid(name) for name in ("A101", "A102", "Gate")}
ROLES: Final[Mapping[str, str]] = {name: _uuid(f"role-{name}") for name in ("Site admin", "User")}
PLENTY: Final = 100_000
WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(slots=True, kw_only=True)
class Somebody:
    """`id` is the person at the site, `user` the same on the platform."""

    id: str
    user: str
    profile: dict[str, str]
    made_at: datetime
    by_hand: bool
    email: str | None = None
    subscribed: bool = True
    use_pin: bool = True
    blocked: bool = False
    pin: str | None = None


@dataclass(slots=True, kw_only=True)
class Group:
    """`members` are platform ids, each with whether they are excluded. Without a schedule nothing reaches the lock."""

    id: str
    customer_reference: str
    members: dict[str, bool] = field(default_factory=dict)
    schedules: list[Mapping[str, Any]] = field(default_factory=list)


class Site:
    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._numbers = count(1)
        always = {**dict.fromkeys(WEEK, True), "start_time": "00:00", "end_time": "23:59"}
        self.groups = {id_: Group(id=id_, customer_reference=name, schedules=[always]) for name, id_ in DOORS.items()}
        self.people: dict[str, Somebody] = {}
        self.seats = PLENTY
        self.pins_made = 0

    @property
    def has_seat(self) -> bool:
        return sum(person.subscribed for person in self.people.values()) < self.seats

    def add(self, profile: Mapping[str, str], *, by_hand: bool = False) -> Somebody:
        """At the licence's limit a person is made all the same, without a seat."""
        number = next(self._numbers)
        person = Somebody(
            id=_uuid(f"site-user-{number}"),
            user=_uuid(f"platform-user-{number}"),
            profile=dict(profile),
            made_at=self._clock.now(),
            by_hand=by_hand,
            subscribed=self.has_seat,
        )
        self.people[person.id] = person
        return person

    def remove(self, person: Somebody) -> None:
        del self.people[person.id]
        for group in self.groups.values():
            group.members.pop(person.user, None)

    def next_pin(self) -> str:
        """Return six digits that nobody has. Those for leading zeros come first."""
        self.pins_made += 1
        return f"{self.pins_made * 7919 % 1_000_000:06}"

    def by_user(self, user: str) -> Somebody | None:
        return next((person for person in self.people.values() if person.user == user), None)

    def groups_of(self, person: Somebody) -> tuple[str, ...]:
        return tuple(group.id for group in self.groups.values() if person.user in group.members)

    def opens(self, code: str, group: str) -> bool:
        place = self.groups[group]
        return any(
            person.pin == code and person.use_pin and person.subscribed and not person.blocked
            for person in self.people.values()
            if place.members.get(person.user) is False and place.schedules
        )
