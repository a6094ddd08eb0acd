"""Everybody at the facility, from one reading of its two listings."""

from collections.abc import Collection, Mapping, Sequence

from adapters.opentech_cia.client import CiaClient
from adapters.opentech_cia.mapping import STATES, kept_in, observed, target_of
from adapters.opentech_cia.options import UnitMatch
from adapters.opentech_cia.people import Anchor, mark_in, mark_of
from adapters.opentech_cia.survey import anchored, check_proof
from adapters.opentech_cia.wire import WireUnit, WireVisitor
from bridge.sdk import Anomaly, EntryState, Observed, Person, Ref, Stranger, TargetId


async def survey_of(client: CiaClient, match: UnitMatch) -> "FacilitySurvey":
    """Read units and visitors. Raises `Anomaly` where one of the two does not go with the other."""
    units, visitors = await client.units(), await client.visitors()
    if any(visitor.unit_key not in units for visitor in visitors if visitor.is_tenant):
        raise Anomaly("CIA shows a tenant on a unit that it does not list")
    check_proof({visitor.key for visitor in visitors}, units.values())
    return FacilitySurvey(units, visitors, match)


class FacilitySurvey:
    def __init__(self, units: dict[str, WireUnit], visitors: Sequence[WireVisitor], match: UnitMatch) -> None:
        self._units = units
        self._match = match
        self._visitors = {visitor.key: visitor for visitor in visitors}
        self._at_target: dict[TargetId, list[str]] = {}
        for unit in units.values():
            self._at_target.setdefault(target_of(unit, match), []).append(unit.key)
        self._at_unit: dict[str, list[WireVisitor]] = {}
        self._by_mark: dict[str, list[WireVisitor]] = {}
        for visitor in visitors:
            self._at_unit.setdefault(visitor.unit_key or "", []).append(visitor)
            self._by_mark.setdefault(mark_in(visitor.name) or "", []).append(visitor)

    def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed | None:
        """Look where `look_at_units` looks; what was kept and is not there takes its second look."""
        anchor = Anchor(mark=mark_of(person.key), kept=kept_in(ref))
        if not anchor.kept:
            return observed(anchored(self._units, self._by_mark.get(anchor.mark, ()), anchor), self._match)
        wanted = {unit for target in targets for unit in self._at_target.get(target, ())}
        looked_at = wanted | (anchor.kept.keys() & self._units.keys())
        found = [visitor for unit in sorted(looked_at) for visitor in self._at_unit.get(unit, ())]
        if set(anchor.kept.values()) - {visitor.key for visitor in found}:
            return None
        return observed(anchored(self._units, found, anchor), self._match)

    def strangers(self, known: Mapping[str, Ref | None]) -> Sequence[Stranger]:
        marks = {mark_of(key) for key in known}
        kept = {(unit, visitor) for ref in known.values() for unit, visitor in kept_in(ref).items()}
        return [
            Stranger(id=visitor.key, is_ours=visitor.is_tenant and mark is not None, entries=self._entries(visitor))
            for visitor in self._visitors.values()
            if not (visitor.is_tenant and (mark := mark_in(visitor.name)) in marks)
            and not (visitor.is_tenant and mark is None and (visitor.unit_key, visitor.key) in kept)
        ]

    def _entries(self, visitor: WireVisitor) -> dict[TargetId, EntryState]:
        """Return the unit that they are on; one whose status tells nothing may be open."""
        unit = self._units.get(visitor.unit_key or "")
        if unit is None:
            return {}
        return {target_of(unit, self._match): STATES.get(unit.status, EntryState.ACTIVE)}
