"""What staff and integrations write: custom fields, start dates, blocks."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.errors import NotPossible
from bridge.sandbox.platform.event import EventType
from bridge.sandbox.platform.records import CustomFields, FieldValue, Rental, Unit, UnitState, User

CONTAINER: Final = "customFields"


class Edits:
    """Merges, tells what changed, and is silent about writes that change nothing unless told otherwise."""

    def __init__(self, books: Books, *, emit_no_change_updates: bool) -> None:
        self._books = books
        self._emits_no_change = emit_no_change_updates

    def rental(self, rental_id: str, fields: CustomFields, start: date | None) -> Rental:
        """Merge `fields` into the rental's custom fields (None clears one) and set its start date if one is given."""
        rental = self._books.rentals.get(rental_id)
        merged, keys = _merge(rental.custom_fields, fields)
        if start is not None and start != rental.start_date:
            keys = (*keys, "startDate")
        if keys:
            rental = self._books.rentals.change(rental_id, custom_fields=merged, start_date=start or rental.start_date)
        if keys or self._emits_no_change:
            self._books.publish(EventType.RENTAL_UPDATED, rentals=(rental_id,), changed_keys=keys)
        return rental

    def unit(self, unit_id: str, fields: CustomFields) -> Unit:
        unit = self._books.units.get(unit_id)
        merged, keys = _merge(unit.custom_fields, fields)
        if keys:
            unit = self._books.units.change(unit_id, custom_fields=merged)
        if keys or self._emits_no_change:
            self._books.publish(EventType.UNIT_UPDATED, unit=unit_id, changed_keys=keys)
        return unit

    def user(self, user_id: str, changes: Mapping[str, str]) -> User:
        """Change names, e-mail or phone of a tenant: `changes` has new values by the names of `User`'s fields."""
        old = self._books.users.get(user_id)
        differing = {name: value for name, value in changes.items() if getattr(old, name) != value}
        user = self._books.users.change(user_id, **differing) if differing else old
        if differing or self._emits_no_change:
            self._books.publish(EventType.USER_UPDATED, user=user_id)
        return user

    def block(self, unit_id: str, reason: str) -> Unit:
        """Take a free unit out of letting. Raises `NotPossible` for one that is held."""
        self._books.free_unit(unit_id)
        self._books.turn_unit(unit_id, UnitState.BLOCKED)
        return self._books.units.change(unit_id, blocked_reason=reason)

    def unblock(self, unit_id: str) -> Unit:
        if self._books.units.get(unit_id).state is not UnitState.BLOCKED:
            raise NotPossible("the unit is not blocked")
        unit = self._books.units.change(unit_id, state=UnitState.AVAILABLE, blocked_reason=None)
        self._books.publish(EventType.UNIT_UNBLOCKED, unit=unit_id)
        self._books.publish(EventType.UNIT_UPDATED, unit=unit_id, changed_keys=("state",))
        return unit


def _merge(old: CustomFields, writes: CustomFields) -> tuple[CustomFields, tuple[str, ...]]:
    """Return the merged fields, and the dotted names of those that differ."""
    merged: dict[str, FieldValue] = dict(old)
    for code, value in writes.items():
        if value is None:
            merged.pop(code, None)
        else:
            merged[code] = value
    changed = [code for code in writes if _differs(old.get(code), merged.get(code))]
    return merged, tuple(f"{CONTAINER}.{code}" for code in changed)


def _differs(one: FieldValue, other: FieldValue) -> bool:
    """Tell them apart by type too: to the platform a ticked box is not a 1."""
    return type(one) is not type(other) or one != other
