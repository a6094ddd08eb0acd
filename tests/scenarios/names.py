"""What a scenario's names stand for: rentals that it names itself, and the tenants, units and sites of its world."""

import re
from collections.abc import Iterator

from bridge.sandbox.platform import LAKESIDE, World
from bridge.sandbox.platform.records import Rental, Unit, User
from tests.scenarios.story import BadScenario

HILLTOP = "66f1a0c2b7d4e90015c0e002"
SITES = {"lakeside": LAKESIDE, "hilltop": HILLTOP}
CROWD = "crowd"
_PLACEHOLDER = re.compile(r"<([^<>]+)>")


class Names:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rentals: dict[str, str] = {}

    def call(self, name: str, rental_id: str) -> None:
        if name in self._rentals:
            raise BadScenario(f"there is a rental {name!r} already")
        self._rentals[name] = rental_id

    def rental_id(self, name: str) -> str:
        if name not in self._rentals:
            raise BadScenario(f"there is no rental {name!r}; there are {', '.join(sorted(self._rentals)) or 'none'}")
        return self._rentals[name]

    def rental(self, name: str) -> Rental:
        return self._world.books.rentals.get(self.rental_id(name))

    def each(self, name: str) -> list[str]:
        """Return the rental of this name, or all of the crowd."""
        found = [rental_id for other, rental_id in self._rentals.items() if other.startswith(f"{name}-")]
        return found if name == CROWD else [self.rental_id(name)]

    def crowd(self) -> Iterator[Rental]:
        return (self._world.books.rentals.get(rental_id) for rental_id in self.each(CROWD))

    def tenant(self, name: str) -> User:
        """Return the tenant with this first name, in small letters."""
        for user in self._world.books.users:
            if user.id == name or user.first_name.lower() == name:
                return user
        raise BadScenario(f"there is no tenant {name!r}")

    def unit(self, name: str) -> Unit:
        for unit in self._world.books.units:
            if name in {unit.name, unit.id}:
                return unit
        raise BadScenario(f"there is no unit {name!r}")

    def filled(self, text: str) -> str:
        """Return `text` with the platform's ids in the place of `<names>`."""
        return _PLACEHOLDER.sub(lambda found: self._id(found[1]), text)

    def _id(self, name: str) -> str:
        if name in self._rentals:
            return self._rentals[name]
        if name in SITES:
            return SITES[name]
        try:
            return self.tenant(name).id
        except BadScenario:
            return self.unit(name).id


def place(door: str) -> tuple[str, str]:
    """Return the site's id and the target of a door: `B-014` at Lakeside, `hilltop/H-001` at Hilltop."""
    site, slash, target = door.partition("/")
    return (SITES[site], target) if slash and site in SITES else (LAKESIDE, door)
