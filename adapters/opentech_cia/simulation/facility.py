"""One facility: its units, its visitors, and the rules by which CIA takes or refuses what is asked of it.

Rules that the vendor's documents leave open are `Quirks`. They are what the adapter must live with either way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

VACANT, RENTED, DELINQUENT = "Vacant", "Rented", "Delinquent"
PHONE_DIGITS: Final = 10
TIME_GROUPS: Final = {1: "Business hours", 2: "24 hours"}
ACCESS_PROFILES: Final = {11: "Tenants", 12: "Staff"}


class Refused(Exception):
    """A 400, with its reason."""


class Missing(Exception):
    """A 404: not there, or not visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    shared_codes: bool = True
    """A tenant's further units may have the same code; else no two visitors may."""
    id_at_top: bool = False
    """A new visitor's id is told at the top of the answer; else inside of `visitor`."""
    emptied_is_vacant: bool = False
    """A unit whose last visitor was removed is vacant; else it stays as it was."""
    text_ids: bool = False


@dataclass(slots=True, kw_only=True)
class Unit:
    id: int
    number: str
    status: str = VACANT


@dataclass(slots=True, kw_only=True)
class Visitor:
    """`tenancy` is the same for all visitors of one tenant: CIA knows them by their name when they move in."""

    id: int
    tenancy: int
    unit: int | None
    first_name: str
    last_name: str
    code: str
    is_tenant: bool
    time_group: int
    access_profile: int
    email: str | None = None
    phone: str | None = None
    by_hand: bool = False
    opens: str | None = None
    """The one door of somebody without a unit."""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(slots=True, kw_only=True)
class Facility:
    quirks: Quirks
    units: dict[int, Unit] = field(default_factory=dict)
    visitors: dict[int, Visitor] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1001))

    def add_unit(self, number: str) -> Unit:
        unit = Unit(id=next(self._numbers), number=number)
        self.units[unit.id] = unit
        return unit

    def unit(self, id_: int | None) -> Unit:
        if id_ not in self.units:
            raise Missing
        return self.units[id_]

    def numbered(self, number: str) -> Unit:
        return next(unit for unit in self.units.values() if unit.number == number)

    def visitor(self, id_: int) -> Visitor:
        if id_ not in self.visitors:
            raise Missing
        return self.visitors[id_]

    def visitors_of(self, unit: Unit) -> list[Visitor]:
        return [visitor for visitor in self.visitors.values() if visitor.unit == unit.id]

    def move_in(self, body: Mapping[str, Any]) -> Visitor:
        """Make a visitor as the API is asked to. A tenant needs a vacant unit, a guest a rented one."""
        given = self._checked(body, None)
        if given["is_tenant"]:
            if given["unit"] is None:
                raise Refused("A tenant visitor needs a unit.")
            unit = self.unit(given["unit"])
            if unit.status != VACANT:
                raise Refused("The unit is not vacant.")
            unit.status = RENTED
        elif given["unit"] is not None and self.unit(given["unit"]).status == VACANT:
            raise Refused("The unit is vacant: it has no guests.")
        return self._add(given)

    def update(self, id_: int, body: Mapping[str, Any]) -> None:
        """Replace all that a visitor is: what is not sent again is lost."""
        visitor = self.visitor(id_)
        for key, value in self._checked(body, visitor).items():
            setattr(visitor, key, value)

    def add_by_hand(self, *, code: str, name: str, unit: Unit | None, is_tenant: bool, opens: str | None) -> Visitor:
        first, _, last = name.partition(" ")
        given = {"unit": unit and unit.id, "first_name": first, "last_name": last, "code": code}
        if unit is not None and unit.status == VACANT:
            unit.status = RENTED
        return self._add(
            {**given, "is_tenant": is_tenant, "time_group": 1, "access_profile": 11, "by_hand": True, "opens": opens}
        )

    def disable(self, unit: Unit) -> None:
        self._turn(unit, RENTED, DELINQUENT, "disabled")

    def enable(self, unit: Unit) -> None:
        self._turn(unit, DELINQUENT, RENTED, "enabled")

    def vacate(self, unit: Unit) -> None:
        if unit.status == VACANT:
            raise Refused("The unit is already vacant.")
        unit.status = VACANT
        for visitor in self.visitors_of(unit):
            del self.visitors[visitor.id]

    def remove(self, id_: int) -> None:
        gone = self.visitor(id_)
        del self.visitors[id_]
        unit = self.units.get(gone.unit or 0)
        if unit is not None and self.quirks.emptied_is_vacant and not self.visitors_of(unit):
            unit.status = VACANT

    def _turn(self, unit: Unit, before: str, after: str, word: str) -> None:
        if unit.status == after:
            raise Refused(f"The unit is already {word}.")
        if unit.status != before:
            raise Refused("The unit is vacant.")
        unit.status = after

    def _add(self, given: Mapping[str, Any]) -> Visitor:
        id_ = next(self._numbers)
        name = (given["first_name"].casefold(), given["last_name"].casefold())
        known = (one for one in self.visitors.values() if (one.first_name.casefold(), one.last_name.casefold()) == name)
        visitor = Visitor(id=id_, tenancy=next((one.tenancy for one in known), id_), **given)
        self.visitors[id_] = visitor
        return visitor

    def _checked(self, body: Mapping[str, Any], visitor: Visitor | None) -> dict[str, Any]:
        """Return what a body says, or refuse it."""
        first, last, code = (str(body.get(key) or "") for key in ("firstName", "lastName", "accessCode"))
        phone = body.get("mobilePhoneNumber")
        if not first or not last:
            raise Refused("First name and last name are required.")
        if not code.isdigit():
            raise Refused("The access code must be numeric.")
        if body.get("timeGroupId") not in TIME_GROUPS or body.get("accessProfileId") not in ACCESS_PROFILES:
            raise Refused("Time group and access profile are required.")
        if phone is not None and sum(character.isdigit() for character in phone) < PHONE_DIGITS:
            raise Refused("The mobile phone number needs at least 10 digits.")
        if any(self._clashes(code, (first, last), visitor, other) for other in self.visitors.values()):
            raise Refused("Duplicate access code.")
        id_ = body.get("unitId")
        return {
            "unit": None if id_ is None else int(id_),
            "first_name": first,
            "last_name": last,
            "code": code,
            "is_tenant": body.get("isTenant") is True,
            "time_group": body["timeGroupId"],
            "access_profile": body["accessProfileId"],
            "email": body.get("email"),
            "phone": phone,
        }

    def _clashes(self, code: str, name: tuple[str, str], visitor: Visitor | None, other: Visitor) -> bool:
        if other is visitor or other.code != code:
            return False
        if not self.quirks.shared_codes or not other.is_tenant:
            return True
        if visitor is not None:
            return visitor.tenancy != other.tenancy
        return name != (other.first_name, other.last_name)
