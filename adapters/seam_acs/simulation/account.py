"""The simulated account as the conformance kit wants it, with a hand at the vendor's own console."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.types import ASGIApp

from adapters.seam_acs.simulation.api import SeamApi
from adapters.seam_acs.simulation.system import Brand, Credential, Group, System, User
from bridge.sdk import TargetId
from bridge.testing.simulation import SimulatedClock

KEY: Final = "seam_simulated_key"
SYSTEM: Final = "5e00aacs-acsx-4bcd-8efa-systemsystem"
UNITS: Final = ("A-101", "A-102", "B-014")


class AcsSimulation:
    """`extra` are options beside those that every account needs; `by_name` makes units known by their names."""

    def __init__(
        self, clock: SimulatedClock, brand: Brand | None = None, *, by_name: bool = False, **extra: Any
    ) -> None:
        self.brand = brand or Brand()
        self.system = System(brand=self.brand, now=clock.now)
        self._api = SeamApi(self.system, key=KEY, system_id=SYSTEM)
        self._by_name = by_name
        self._extra = extra
        self._is_next_managed = False
        self._units = {name: self.add_group(name) for name in UNITS}

    @property
    def app(self) -> ASGIApp:
        return self._api.app

    @property
    def options(self) -> Mapping[str, Any]:
        return {"api_key": KEY, "acs_system_id": SYSTEM, **self._extra}

    @property
    def doors(self) -> Sequence[TargetId]:
        return [TargetId(name if self._by_name else id_) for name, id_ in self._units.items()]

    @property
    def refusals_in_success(self) -> Sequence[str]:
        return ['{"ok": false, "error": {"type": "internal", "message": "?"}}', '{"ok": false}']

    def opens(self, code: str, door: TargetId) -> bool:
        return self.system.opens(code, self._group(door))

    def credentials(self, door: TargetId) -> int:
        self.system.catch_up()
        return sum(user.groups.count(self._group(door)) for user in self.system.users.values())

    def made(self) -> int:
        self.system.catch_up()
        users = [user for user in self.system.users.values() if not user.by_hand]
        empty = self.system.identities.keys() - {user.identity for user in users}
        return len(users) + len(empty)

    def code_lives_with(self) -> str:
        return "person"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        """Every second person and code added so is one that Seam does not manage."""
        self._is_next_managed = not self._is_next_managed
        managed = self._is_next_managed
        user = User(
            id=self.system.new_id("hand"),
            name=name,
            identity=None,
            at=self.system.now(),
            groups=[self._group(door), *self._levels()],
            is_managed=managed,
            by_hand=True,
        )
        self.system.users[user.id] = user
        credential = Credential(id=self.system.new_id("hcred"), user=user.id, code=code, is_managed=managed)
        self.system.credentials[credential.id] = credential
        self.system.touch(user.id)

    def by_hand(self) -> Any:
        self.system.catch_up()
        users = [user for user in self.system.users.values() if user.by_hand]
        codes = {user.id: [(one.id, one.code) for one in self.system.codes_of(user.id)] for user in users}
        return [(user.id, user.name, tuple(user.groups), user.suspended, codes[user.id]) for user in users]

    def rename_made(self, name: str) -> None:
        for user in self.system.users.values():
            user.name = user.name if user.by_hand else name

    def fill(self) -> bool:
        self.system.is_full = self.brand.seats
        return self.brand.seats

    def crowd(self, people: int) -> None:
        for number in range(people):
            self.add_by_hand(self.system.a_code(), self.doors[number % 2], f"Neighbour {number}")

    def add_group(self, name: str, type_: str | None = None) -> str:
        """Make a group, as the operator does in the system's own software."""
        group = Group(id=self.system.new_id("group"), name=name, type=type_ or self.brand.group_type)
        self.system.groups[group.id] = group
        return group.id

    def _levels(self) -> list[str]:
        levels = [one.id for one in self.system.groups.values() if one.type == self.brand.level_type]
        return levels[:1]

    def _group(self, door: TargetId) -> str:
        return self._units.get(door, door)
