"""Looking for a person's visitors. CIA shows none by its id, so each of its two listings is the other's second look."""

from collections.abc import Collection, Iterable, Mapping

from adapters.opentech_cia.client import CiaClient
from adapters.opentech_cia.mapping import Found, kept_in, units_at
from adapters.opentech_cia.options import UnitMatch
from adapters.opentech_cia.people import Anchor, mark_of
from adapters.opentech_cia.wire import UnitStatus, WireUnit, WireVisitor
from bridge.sdk import Anomaly, Person, Ref, TargetId


async def look_at_units(
    client: CiaClient, person: Person, ref: Ref | None, targets: Collection[TargetId], match: UnitMatch
) -> Found:
    """Return what is on the units that were kept or are wanted; without a reference, all that the facility shows.

    What was kept and is not there is looked for in the whole facility before it is believed gone.
    """
    anchor = _anchor(person, ref)
    if not anchor.kept:
        return await look_at_facility(client, person, ref)
    units = await _units(client, ref)
    wanted = [unit for target in targets for unit in units_at(target, units.values(), match)]
    kept = [units[unit] for unit in anchor.kept if unit in units]
    looked_at = {unit.key: unit for unit in (*wanted, *kept)}
    visitors: dict[str, WireVisitor] = {}
    for unit in looked_at.values():
        visitors |= _by_id(await client.visitors_of(unit))
    if missing := set(anchor.kept.values()) - visitors.keys():
        shown = _by_id(await client.visitors())
        check_proof(shown, units.values())
        if any(shown[one].unit_key in looked_at for one in missing & shown.keys()):
            raise Anomaly("CIA shows a visitor in the facility, but not on their unit")
        visitors |= shown
    return anchored(units, visitors.values(), anchor)


async def look_at_facility(client: CiaClient, person: Person, ref: Ref | None) -> Found:
    """Return what the whole facility shows. What was kept and is not there is looked for on its unit."""
    units, anchor = await _units(client, ref), _anchor(person, ref)
    visitors = _by_id(await client.visitors())
    for unit, visitor in anchor.kept.items():
        if visitor in visitors:
            continue
        check_proof(visitors, units.values())
        if unit in units and visitor in _by_id(await client.visitors_of(units[unit])):
            raise Anomaly("CIA shows a visitor on their unit, but not in the facility")
    return anchored(units, visitors.values(), anchor)


def _anchor(person: Person, ref: Ref | None) -> Anchor:
    return Anchor(mark=mark_of(person.key), kept=kept_in(ref))


async def _units(client: CiaClient, ref: Ref | None) -> dict[str, WireUnit]:
    units = await client.units()
    if not units and kept_in(ref):
        raise Anomaly("CIA lists no units: that proves nothing of a tenant who had one")
    return units


def check_proof(visitors: Collection[str], units: Iterable[WireUnit]) -> None:
    """Raise `Anomaly` for units that are let to nobody at all."""
    if not visitors and any(unit.status in {UnitStatus.RENTED, UnitStatus.DELINQUENT} for unit in units):
        raise Anomaly("CIA lists rented units and nobody at all: that proves nothing of a tenant who was there")


def _by_id(visitors: Iterable[WireVisitor]) -> dict[str, WireVisitor]:
    return {visitor.key: visitor for visitor in visitors}


def anchored(units: Mapping[str, WireUnit], visitors: Iterable[WireVisitor], anchor: Anchor) -> Found:
    """Tell the person's visitors from all others; of two on one unit, the one that was kept comes first."""
    everybody = sorted(visitors, key=lambda one: (one.key not in anchor.kept.values(), len(one.key), one.key))
    mine = tuple(visitor for visitor in everybody if anchor.owns(visitor))
    return Found(units=units, mine=mine, others=tuple(one for one in everybody if not anchor.owns(one)))
