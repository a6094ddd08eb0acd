"""Our custom fields on units and rentals: their codes, how they are read, and what we write.

A code is the site's prefix and a fixed tail (design, section 5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any, Final

from bridge.sdk import Anomaly, FieldWrites, GateCode, RentalFields, Resync, TargetId, inert, is_safe_target
from bridge.sources.storeganise.days import read_day
from bridge.sources.storeganise.wire import CustomFields

OPT_OUT: Final = "NONE"
"""In capitals, as the reference spells it; any other word is the name of a target."""

MAX_STATUS: Final = 200
_CONTAINER: Final = "customFields."
_RESYNC_WORDS: Final[Mapping[str, Resync]] = {
    "resync": Resync.RESYNC,
    "true": Resync.RESYNC,
    "rotate": Resync.ROTATE,
}
_SWITCH_WORDS: Final[Mapping[str, bool]] = {"": False, "false": False, "true": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMapping:
    """What staff say a unit is at the vendor."""

    target: TargetId | None
    opted_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCodes:
    """The codes of one site's fields."""

    prefix: str

    @property
    def target(self) -> str:
        return f"{self.prefix}_id"

    @property
    def code(self) -> str:
        return f"{self.prefix}_pinCode"

    @property
    def overlocked(self) -> str:
        return f"{self.prefix}_overlocked"

    @property
    def overdue_until(self) -> str:
        return f"{self.prefix}_overdueUntil"

    @property
    def resync(self) -> str:
        return f"{self.prefix}_resync"

    @property
    def status(self) -> str:
        return f"{self.prefix}_status"

    def read_unit(self, fields: CustomFields, what: str) -> UnitMapping:
        """Return the unit's mapping; a text that cannot be a target is none. Raises `Anomaly` for another type."""
        text = _text(fields, self.target, what)
        if text == OPT_OUT:
            return UnitMapping(target=None, opted_out=True)
        usable = text is not None and is_safe_target(text)
        return UnitMapping(target=TargetId(text) if text is not None and usable else None, opted_out=False)

    def read_rental(self, fields: CustomFields, what: str, zone: tzinfo, *, is_over: bool = False) -> RentalFields:
        """Return what stands in the rental's fields; `zone` is the site's.

        Of a rental that is over, a date that cannot be read is none, and a switch that cannot be read is on: neither
        keeps its door open. A word in the resync field that is not ours asks for nothing, and is no fault. Raises
        `Anomaly` for what any other field cannot have, naming the field without its value.
        """
        code, status = _text(fields, self.code, what), _text(fields, self.status, what)
        return RentalFields(
            code=None if code is None else GateCode(code),
            overlocked=True if is_over and self._is_garbled(fields) else _switch(fields, self.overlocked, what),
            overdue_until=None if is_over else self._read_until(fields, what, zone),
            resync=_resync(fields.get(self.resync)),
            status=None if status is None else inert(status, MAX_STATUS),
        )

    def _read_until(self, fields: CustomFields, what: str, zone: tzinfo) -> date | None:
        until = _text(fields, self.overdue_until, what)
        return read_day(until, zone, f"{what}: customFields.{self.overdue_until}")

    def _is_garbled(self, fields: CustomFields) -> bool:
        try:
            _switch(fields, self.overlocked, "")
        except Anomaly:
            return True
        return False

    def to_write(self, writes: FieldWrites) -> dict[str, str | bool | None]:
        """Return the fields that `writes` sets, each by its own code; null clears one."""
        fields: dict[str, str | bool | None] = {}
        if writes.clear_code:
            fields[self.code] = None
        elif writes.code is not None:
            fields[self.code] = writes.code.reveal()
        if writes.overlock:
            fields[self.overlocked] = True
        if writes.clear_resync:
            fields[self.resync] = None
        if writes.status is not None:
            fields[self.status] = writes.status
        return fields

    def only_ours(self, changed_keys: Any) -> bool:
        """Tell whether an event says that nothing has changed but fields that we write; no list says nothing.

        Staff's switch is not among them, though a transfer has us write it: nobody is locked in or out on a guess.
        """
        if not isinstance(changed_keys, list) or not changed_keys:
            return False
        ours = {self.code, self.resync, self.status}
        return all(isinstance(key, str) and key.removeprefix(_CONTAINER) in ours for key in changed_keys)


def _text(fields: CustomFields, code: str, what: str) -> str | None:
    """Return a text field without blank edges, None where it is blank or absent; a whole number counts as text."""
    value = fields.get(code)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Anomaly(f"{what}: customFields.{code} is no text")
    return value.strip() or None


def _resync(value: Any) -> Resync | None:
    word = "true" if value is True else value
    return _RESYNC_WORDS.get(word.strip().lower()) if isinstance(word, str) else None


def _switch(fields: CustomFields, code: str, what: str) -> bool:
    value = fields.get(code)
    if value is None or isinstance(value, bool):
        return bool(value)
    word = _SWITCH_WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    if word is None:
        raise Anomaly(f"{what}: customFields.{code} is neither true nor false")
    return word
