"""One account at Brivo, with a hand at its console."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from adapters.brivo.options import HOSTS, Region, TargetsBy
from adapters.brivo.simulation.account import Account
from adapters.brivo.simulation.api import build
from adapters.brivo.simulation.sign_in import Door, Keys
from bridge.sdk import TargetId
from bridge.testing.simulation import SimulatedClock

GROUPS: Final = {4011: "B-014", 4012: "B-021", 4013: "Gate", 4014: "Office"}
DOORS: Final = 3


class BrivoSimulation:
    """`given` are further options of the adapter; what the account itself is follows them."""

    def __init__(self, clock: SimulatedClock, **given: Any) -> None:
        self._given = given
        self._region = Region(given.get("region", Region.US))
        self._by_name = given.get("targets") == TargetsBy.NAME
        self.account = Account(now=clock.now, pin_length=given.get("code_length", 6))
        for id_, name in GROUPS.items():
            self.account.add_group(id_, name)
        self._door = Door(keys=Keys(), now=clock.now)
        hosts = [urlsplit(url).netloc for url in HOSTS[self._region]]
        self._app = build(self.account, self._door, *hosts)
        self._by_hand: set[int] = set()
        self._pins = self._free_pins()

    @property
    def app(self) -> ASGIApp:
        return self._app

    @property
    def options(self) -> Mapping[str, Any]:
        keys = self._door.keys
        return {
            "client_id": keys.client_id,
            "client_secret": keys.client_secret,
            "api_key": keys.api_key,
            "username": keys.username,
            "password": keys.password,
            **self._given,
        }

    @property
    def doors(self) -> Sequence[TargetId]:
        names = [name if self._by_name else str(id_) for id_, name in GROUPS.items()]
        return [TargetId(name) for name in names[:DOORS]]

    def opens(self, code: str, door: TargetId) -> bool:
        return self.account.opens(code, self._group(door))

    def credentials(self, door: TargetId) -> int:
        return len(self.account.members[self._group(door)])

    def made(self) -> int:
        return len(self.account.users.keys() - self._by_hand)

    def code_lives_with(self) -> str:
        return "person"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        first, _, last = name.partition(" ")
        user = self.account.add({"firstName": first, "lastName": last, "pin": code})
        self.account.members[self._group(door)].add(user["id"])
        self._by_hand.add(user["id"])

    def by_hand(self) -> Any:
        users = {id_: user for id_, user in self.account.users.items() if id_ in self._by_hand}
        members = {group: members & self._by_hand for group, members in self.account.members.items()}
        return deepcopy((users, members))

    def rename_made(self, name: str) -> None:
        first, _, last = name.partition(" ")
        for id_ in self.account.users.keys() - self._by_hand:
            self.account.users[id_] |= {"firstName": first, "lastName": last}

    def fill(self) -> bool:
        return False  # the documents know no limit of an account

    def crowd(self, people: int) -> None:
        for number in range(people):
            self.add_by_hand(next(self._pins), self.doors[0], f"Guest {number}")

    def _group(self, door: TargetId) -> int:
        if not self._by_name:
            return int(door)
        return next(id_ for id_, name in self.account.groups.items() if name == door)

    def _free_pins(self) -> Iterator[str]:
        length = self.account.pin_length
        for number in range(3 * 10 ** (length - 1), 10**length):
            if all(user.get("pin") != str(number) for user in self.account.users.values()):
                yield str(number)
