"""CIA's words and ours, by table."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.opentech_cia.options import MIN_CODE_LENGTH, CiaOptions, UnitMatch
from adapters.opentech_cia.wire import UnitStatus, WireNamed, WireUnit, WireVisitor
from bridge.sdk import (
    Anomaly,
    Capabilities,
    CodeRules,
    Conflict,
    EntryState,
    GateCode,
    Observed,
    Ref,
    Rejected,
    TargetId,
    blotted,
    inert,
    is_safe_target,
    words_of,
)

MAX_REASONS: Final = 40
MAX_TOLD: Final = 200
STATES: Final[Mapping[UnitStatus, EntryState]] = {
    UnitStatus.RENTED: EntryState.ACTIVE,
    UnitStatus.DELINQUENT: EntryState.SUSPENDED,
}
KINDS: Final[Mapping[UnitStatus, str]] = {
    UnitStatus.VACANT: "vacant unit",
    UnitStatus.RENTED: "rented unit",
    UnitStatus.DELINQUENT: "delinquent unit",
    UnitStatus.UNKNOWN: "unit",
}
_OTHER_CODE: Final = re.compile(
    r"(?:error|http|reason|response|result|status)[\s_-]*codes?|(?<= / )code(?= / )|^code(?= / )"
)
"""Codes that open nothing, and a field that is called no more than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What CIA has: the units by their ids, the person's visitors, and those of everybody else that were looked at."""

    units: Mapping[str, WireUnit]
    mine: tuple[WireVisitor, ...]
    others: tuple[WireVisitor, ...]


def capabilities_of(options: CiaOptions) -> Capabilities:
    rules = CodeRules(min_length=MIN_CODE_LENGTH, max_length=options.code_length)
    return Capabilities(code_rules=rules, one_occupant=True, surveys=True)


def target_of(unit: WireUnit, match: UnitMatch) -> TargetId:
    """Return what the platform calls the unit; what it could never call one is shown escaped, and so stays foreign."""
    name = unit.number if match is UnitMatch.NUMBER else unit.key
    return TargetId(name) if is_safe_target(name) else TargetId(f"?{name[:64]!a}")


def units_at(target: TargetId, units: Iterable[WireUnit], match: UnitMatch) -> list[WireUnit]:
    return [unit for unit in units if target_of(unit, match) == target]


def unit_at(target: TargetId, units: Iterable[WireUnit], match: UnitMatch) -> WireUnit | None:
    """Return the unit that is the target, or None. Raises `Rejected` where two units have its number."""
    found = units_at(target, units, match)
    if len(found) > 1:
        raise Rejected(f'CIA has {len(found)} units with the number {inert(target, 40)}: set unit_match = "id"')
    return found[0] if found else None


def state_of(unit: WireUnit) -> EntryState:
    """Return whether the unit opens for its visitors. Raises `Anomaly` where it should have none."""
    if unit.status not in STATES:
        raise Anomaly(f"unit {inert(unit.number, 40)} has a tenant of ours at CIA, and its status is {unit.status}")
    return STATES[unit.status]


def observed(found: Found, match: UnitMatch) -> Observed:
    """Return what is known of the person. Codes that differ or cannot be read leave in doubt which one works.

    A unit whose status tells nothing may be open: it can still be closed, and is not believed to be open.
    """
    entries: dict[TargetId, EntryState] = {}
    unsettled: set[TargetId] = set()
    for visitor in found.mine:
        unit = unit_of(visitor, found.units)
        target, state = target_of(unit, match), STATES.get(unit.status, EntryState.ACTIVE)
        if entries.get(target) is not EntryState.ACTIVE:
            entries[target] = state
        if unit.status not in STATES:
            unsettled.add(target)
    codes = [visitor.code for visitor in found.mine]
    is_known = bool(codes) and codes[0] is not None and all(code == codes[0] for code in codes)
    return Observed(
        exists=bool(codes),
        code=codes[0] if is_known else None,
        code_in_doubt=bool(codes) and not is_known,
        entries=entries,
        unsettled=frozenset(unsettled),
    )


def unit_of(visitor: WireVisitor, units: Mapping[str, WireUnit]) -> WireUnit:
    unit = units.get(visitor.unit_key or "")
    if unit is None:
        raise Anomaly("CIA shows a tenant of ours on a unit that it does not list")
    return unit


def holder_of(code: GateCode, visitors: Iterable[WireVisitor]) -> WireVisitor | None:
    return next((visitor for visitor in visitors if visitor.code == code), None)


def make_ref(mine: Sequence[WireVisitor]) -> Ref | None:
    """Return what to keep: the visitors by unit; None when there are none."""
    visitors = {visitor.unit_key: visitor.key for visitor in mine if visitor.unit_key is not None}
    return {"visitors": visitors} if visitors else None


def kept_in(ref: Ref | None) -> Mapping[str, str]:
    visitors = {} if ref is None else ref.get("visitors")
    if not isinstance(visitors, Mapping):
        return {}
    return {str(unit): str(visitor) for unit, visitor in visitors.items()}


def chosen(wanted: str, among: Sequence[WireNamed]) -> WireNamed | None:
    """Return the time group or profile with this id or, failing that, this name. Two of one name are neither."""
    if not wanted:
        return None
    by_id = [one for one in among if str(one.id) == wanted]
    return by_id[0] if by_id else named(wanted, among)


def named(name: str, among: Sequence[WireNamed]) -> WireNamed | None:
    """Return the only one of this name, or None."""
    found = [one for one in among if one.name.strip().casefold() == name.strip().casefold()]
    return found[0] if len(found) == 1 else None


def refusal(body: Any, private: Collection[str], conflict_words: Sequence[str]) -> Rejected:
    """Return what a 400 means. Its form is not documented, so that all its texts are read, and blotted."""
    text = " / ".join(_reasons(body))
    # A tenant's name must not make a conflict, nor a word that is also theirs hide one.
    others = frozenset(private) - words_of("code", *conflict_words)
    said = _OTHER_CODE.sub("", blotted(text, others, len(text)).casefold())
    is_conflict = "code" in said and any(words.casefold() in said for words in conflict_words)
    told = blotted(text, private, MAX_TOLD) or "no reason was given"
    return (Conflict if is_conflict else Rejected)(f"CIA refused it: {told}")


def _reasons(body: Any) -> list[str]:
    found: list[str] = []
    waiting = [body]
    while waiting and len(found) < MAX_REASONS:
        value = waiting.pop(0)
        if isinstance(value, str):
            found.append(value[:1000])
        elif isinstance(value, Mapping):
            waiting += [part for pair in value.items() for part in pair][:MAX_REASONS]
        elif isinstance(value, list):
            waiting += value[:MAX_REASONS]
    return found
