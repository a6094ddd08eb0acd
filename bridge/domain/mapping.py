"""Which of a vendor's targets a unit seems to be, by its name: a suggestion for staff, and never more.

Only a pair is suggested: one unit and one target that are called the same, neither of them in use otherwise. Everything
else is told with what is in the way.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bridge.domain.ids import TargetId
from bridge.domain.tenancy import Unit

Name = tuple[str, ...]
"""What is left of a name when two spellings of it are to be the same."""

_PARTS: Final = re.compile(r"\d+|[^\W\d_]+")
_NOISE: Final = frozenset({"door", "lock", "locker", "no", "nr", "number", "storage", "unit"})
_NAMELESS: Final[Name] = ()


class Standing(StrEnum):
    """How a unit is mapped now."""

    MAPPED = "mapped"
    UNMAPPED = "unmapped"
    OPTED_OUT = "opted_out"
    STRAY = "stray"
    """Mapped to an id that the vendor does not list."""


class Doubt(StrEnum):
    """Why nothing is suggested for a unit that has no target."""

    NO_NAMESAKE = "no_namesake"
    SEVERAL_TARGETS = "several_targets"
    SEVERAL_UNITS = "several_units"
    IN_USE = "in_use"
    """The only target of that name is another unit's, or a door that all share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMapping:
    """One unit beside the vendor's list. `namesakes` are all targets that are called the same."""

    unit: Unit
    standing: Standing
    suggestion: TargetId | None = None
    doubt: Doubt | None = None
    namesakes: tuple[TargetId, ...] = ()


def map_by_name(
    units: Sequence[Unit], targets: Mapping[TargetId, str], shared: Collection[TargetId] = ()
) -> tuple[UnitMapping, ...]:
    """Return each unit's mapping, in the order of `units`; `targets` are the vendor's names by id.

    A target without a name is known by its id. `shared` are the doors that are no unit's. A unit that is mapped stays
    as it is, and its target is nobody else's suggestion; nor is a name that two units or two targets have.
    """
    used = {unit.target for unit in units} | set(shared)
    namesakes: defaultdict[Name, list[TargetId]] = defaultdict(list)
    for target, text in targets.items():
        namesakes[name_of(text) or name_of(target)].append(target)
    homonyms: defaultdict[Name, int] = defaultdict(int)
    for unit in units:
        homonyms[name_of(unit.name)] += 1
    return tuple(
        _mapping(unit, _standing(unit, targets), namesakes, homonyms[name_of(unit.name)], used) for unit in units
    )


def left_over(mappings: Iterable[UnitMapping], targets: Collection[TargetId]) -> tuple[TargetId, ...]:
    """Return the targets that no unit has and none is suggested for."""
    spoken_for = {target for mapping in mappings for target in (mapping.unit.target, mapping.suggestion)}
    return tuple(target for target in targets if target not in spoken_for)


def name_of(text: str) -> Name:
    """Return `text` without capitals, punctuation, leading zeros and words like `unit`; a part is letters or digits.

    A name that is nothing but such words is those words.
    """
    parts = _PARTS.findall(unicodedata.normalize("NFKC", text).casefold())
    plain = [part.lstrip("0") or "0" if part.isdigit() else part for part in parts]
    return tuple(part for part in plain if part not in _NOISE) or tuple(plain)


def _standing(unit: Unit, targets: Collection[TargetId]) -> Standing:
    if unit.opted_out:
        return Standing.OPTED_OUT
    if unit.target is None:
        return Standing.UNMAPPED
    return Standing.MAPPED if unit.target in targets else Standing.STRAY


def _mapping(
    unit: Unit,
    standing: Standing,
    targets_by_name: Mapping[Name, Sequence[TargetId]],
    units_of_the_name: int,
    used: Collection[TargetId | None],
) -> UnitMapping:
    if standing in {Standing.MAPPED, Standing.OPTED_OUT}:
        return UnitMapping(unit=unit, standing=standing)
    name = name_of(unit.name)
    namesakes = () if name == _NAMELESS else tuple(targets_by_name.get(name, ()))
    doubt = _doubt(namesakes, units_of_the_name, used)
    suggestion = namesakes[0] if doubt is None else None
    return UnitMapping(unit=unit, standing=standing, suggestion=suggestion, doubt=doubt, namesakes=namesakes)


def _doubt(namesakes: Sequence[TargetId], units: int, used: Collection[TargetId | None]) -> Doubt | None:
    if not namesakes:
        return Doubt.NO_NAMESAKE
    if len(namesakes) > 1:
        return Doubt.SEVERAL_TARGETS
    if units > 1:
        return Doubt.SEVERAL_UNITS
    return Doubt.IN_USE if namesakes[0] in used else None
