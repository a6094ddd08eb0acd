"""What an access system holds: people, groups and codes, what Seam was told of them, and what the doors know."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """What sort of system it is. The default takes any code of 4 to 9 digits, twice on one person too."""

    external_type: str = "brivo_account"
    group_type: str = "brivo_group"
    level_type: str | None = None
    """People enter only when they are in a group of this type as well."""
    is_code_a_number: bool = False
    one_code_each: bool = False
    makes_codes: bool = False
    masks_codes: bool = False
    late_seconds: float = 0.0
    """How long it takes from Seam's answer to the door."""
    seats: bool = False
    """It has a number of subscriptions, and Seam reports on the person that none was left."""


@dataclass(slots=True, kw_only=True)
class Identity:
    id: str
    key: str | None


@dataclass(slots=True, kw_only=True)
class Group:
    id: str
    name: str
    type: str


@dataclass(slots=True, kw_only=True)
class User:
    id: str
    name: str
    identity: str | None
    at: datetime
    email: str | None = None
    phone: str | None = None
    suspended: bool = False
    groups: list[str] = field(default_factory=list)
    """As Seam lists them: somebody who was added twice stands there twice."""
    is_managed: bool = True
    by_hand: bool = False
    error: str | None = None
    deleted: bool = False


@dataclass(slots=True, kw_only=True)
class Credential:
    id: str
    user: str
    code: str
    is_managed: bool = True
    method: str = "code"
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the doors know of one person."""

    groups: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    suspended: bool = False


@dataclass(slots=True, kw_only=True)
class System:
    """Everything in it. A change of a person is at the doors after the brand's delay."""

    brand: Brand
    now: Callable[[], datetime]
    identities: dict[str, Identity] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    is_full: bool = False
    _doors: dict[str, Doors] = field(default_factory=dict)
    _due: dict[str, datetime] = field(default_factory=dict)
    _counter: int = 0

    def new_id(self, kind: str) -> str:
        """Return an id in the form of Seam's, from a running number, without long runs of digits."""
        self._counter += 1
        letters = "".join("abcdefghij"[int(digit)] for digit in f"{self._counter:06d}")
        return f"{kind:a<8.8}-acsx-4bcd-8efa-{letters}{letters}"

    def a_code(self) -> str:
        """Return a code that nobody has, as a system makes it."""
        while True:
            self._counter += 1
            code = str(100_000 + self._counter * 61_837 % 900_000)
            if not self.holders(code):
                return code

    def codes_of(self, user: str) -> list[Credential]:
        return [
            one for one in self.credentials.values() if one.user == user and one.method == "code" and not one.deleted
        ]

    def holders(self, code: str) -> set[str]:
        return {one.user for one in self.credentials.values() if one.code == code and one.method == "code"}

    def has_level(self, groups: frozenset[str]) -> bool:
        wanted = self.brand.level_type
        return wanted is None or any(self.groups[id_].type == wanted for id_ in groups if id_ in self.groups)

    def touch(self, user: str) -> None:
        """Have what Seam was told of this person reach the doors, when it takes the brand that long."""
        self._due[user] = self.now() + timedelta(seconds=self.brand.late_seconds)
        self.catch_up()

    def catch_up(self) -> None:
        """Bring to the doors what has had its time."""
        for id_, due in list(self._due.items()):
            if due > self.now():
                continue
            del self._due[id_]
            user = self.users.get(id_)
            is_gone = user is not None and user.deleted
            if is_gone:
                del self.users[id_]
            kept = {
                key: one for key, one in self.credentials.items() if one.user != id_ or not (is_gone or one.deleted)
            }
            self.credentials = kept
            if user is None or user.deleted:
                self._doors.pop(id_, None)
            else:
                self._doors[id_] = self.told(user)

    def told(self, user: User) -> Doors:
        """Return what Seam was told."""
        codes = frozenset(one.code for one in self.codes_of(user.id))
        return Doors(groups=frozenset(user.groups), codes=codes, suspended=user.suspended)

    def at_the_doors(self, user: str) -> Doors | None:
        """Return what the doors know, None when they never heard of the person."""
        self.catch_up()
        return self._doors.get(user)

    def opens(self, code: str, group: str) -> bool:
        self.catch_up()
        return any(
            code in known.codes and group in known.groups and not known.suspended and self.has_level(known.groups)
            for known in self._doors.values()
        )
