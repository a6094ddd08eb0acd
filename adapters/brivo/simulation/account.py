"""What an account at Brivo holds, and what it refuses."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Final

DUPLICATE_PIN: Final = "Duplicate Credential found"
READ_ONLY: Final = ("id", "created", "suspended")


class Refused(Exception):
    """A refusal in the form of Brivo's own: `{code, message}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def not_found(what: str) -> Refused:
    return Refused(404, f"{what} not found")


@dataclass(slots=True, kw_only=True)
class Account:
    """Users with one PIN each, groups, and who is in which.

    PIN and external id are unique in the account; how long a PIN is, is a setting of it. Ids are never used twice.
    """

    now: Callable[[], datetime]
    pin_length: int = 6
    max_page: int = 100
    users: dict[int, dict[str, Any]] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    members: dict[int, set[int]] = field(default_factory=dict)
    _ids: "count[int]" = field(default_factory=lambda: count(5001))

    def add_group(self, id_: int, name: str) -> None:
        self.groups[id_], self.members[id_] = name, set()

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self._check(given, None)
        id_ = next(self._ids)
        own = {"id": id_, "created": self._stamp(), "suspended": False, "updated": self._stamp()}
        self.users[id_] = {**deepcopy(dict(given)), **own}
        return self.users[id_]

    def replace(self, id_: int, given: Mapping[str, Any]) -> dict[str, Any]:
        """Replace the user in full: a field that is not given is gone."""
        user = self.user(id_)
        self._check(given, id_)
        own = {name: user[name] for name in READ_ONLY}
        self.users[id_] = {**deepcopy(dict(given)), **own, "updated": self._stamp()}
        return self.users[id_]

    def suspend(self, id_: int, *, suspended: bool) -> None:
        self.user(id_)["suspended"] = suspended

    def remove(self, id_: int) -> None:
        del self.users[self.user(id_)["id"]]
        for members in self.members.values():
            members.discard(id_)

    def user(self, id_: int) -> dict[str, Any]:
        if id_ not in self.users:
            raise not_found("User")
        return self.users[id_]

    def marked(self, external_id: str) -> dict[str, Any]:
        found = next((user for user in self.users.values() if user.get("externalId") == external_id), None)
        if found is None:
            raise not_found("User")
        return found

    def members_of(self, group: int) -> set[int]:
        if group not in self.members:
            raise not_found("Group")
        return self.members[group]

    def opens(self, pin: str, group: int) -> bool:
        return any(self._lets_in(self.users[id_], pin) for id_ in self.members[group])

    def _lets_in(self, user: Mapping[str, Any], pin: str) -> bool:
        since, until = user.get("effectiveFrom"), user.get("effectiveTo")
        is_valid = (not since or since <= self._stamp()) and (not until or self._stamp() < until)
        return user.get("pin") == pin and not user["suspended"] and is_valid

    def _check(self, given: Mapping[str, Any], id_: int | None) -> None:
        others = [user for user in self.users.values() if user["id"] != id_]
        pin, mark = given.get("pin"), given.get("externalId")
        if pin and not (isinstance(pin, str) and pin.isdigit() and len(pin) == self.pin_length):
            raise Refused(400, "Invalid PIN")
        if pin and any(user.get("pin") == pin for user in others):
            raise Refused(400, DUPLICATE_PIN)
        if mark and any(user.get("externalId") == mark for user in others):
            raise Refused(400, "The external id is in use")

    def _stamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
