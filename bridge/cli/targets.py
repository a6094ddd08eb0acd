"""`gatebridge targets`: what the vendor has to open, and which unit is which."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from bridge.cli import context as cli_context
from bridge.cli.output import print_json, print_table, say
from bridge.domain.errors import NotFoundHere, Rejected, inert
from bridge.domain.ids import ConnectionName, SiteId, TargetId
from bridge.domain.mapping import Doubt, Standing, UnitMapping, left_over, map_by_name
from bridge.ports.adapter import Target
from bridge.settings import Settings
from bridge.telemetry import Metrics

OPT_OUT: Final = "NONE"
MAX_LINE: Final = 4000
_DOUBTS: Final[Mapping[Doubt, str]] = {
    Doubt.NO_NAMESAKE: "nothing is called so",
    Doubt.SEVERAL_TARGETS: "several are called so",
    Doubt.SEVERAL_UNITS: "several units are called so",
    Doubt.IN_USE: "what is called so is in use",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What was read of one site. `missing` are doors that all share and the vendor does not have."""

    id: SiteId
    field: str
    targets: Sequence[Target]
    units: Sequence[UnitMapping]
    spare: Sequence[TargetId]
    missing: Sequence[TargetId]


def targets(
    context: typer.Context,
    site: Annotated[str, typer.Option(help="The platform's id of the site.", show_default=False)],
    connection: Annotated[
        str | None, typer.Option(help="Where several connections have a site of this id.", show_default=False)
    ] = None,
    as_json: cli_context.AsJson = False,
    config: cli_context.Config = None,
) -> None:
    """List the vendor's doors and the site's units, and suggest which is which. Changes nothing."""
    settings = cli_context.settings_for(context, config)
    found = asyncio.run(_read(settings, _where(settings, site, connection)))
    if as_json:
        print_json(_as_json(found))
    else:
        _say_site(found)


def _where(settings: Settings, site: str, connection: str | None) -> tuple[ConnectionName, SiteId]:
    found = [one for one in settings.sites if one.id == site and connection in {None, one.connection}]
    if not found:
        raise NotFoundHere(f"there is no site {site} in the configuration")
    if len(found) > 1:
        raise Rejected(f"several connections have a site {site}: name one with --connection")
    return found[0].connection, found[0].id


async def _read(settings: Settings, where: tuple[ConnectionName, SiteId]) -> _Site:
    from bridge.wiring import plug_in

    connection, site_id = where
    async with plug_in(settings, Metrics()) as plugs:
        site = plugs.sites[where]
        vendors = await site.adapter.targets()
        units = await plugs.sources[connection].list_units(site_id)
    names = {target.id: target.name for target in vendors}
    shared = site.policy.common_doors
    mappings = map_by_name(sorted(units, key=lambda unit: (unit.name, unit.id)), names, shared)
    return _Site(
        id=site_id,
        field=f"{site.field_prefix}_id",
        targets=vendors,
        units=mappings,
        spare=[target for target in left_over(mappings, names) if target not in shared],
        missing=[door for door in shared if door not in names],
    )


def _as_json(site: _Site) -> dict[str, Any]:
    return {
        "site": site.id,
        "field": site.field,
        "targets": [{"id": target.id, "name": target.name, "kind": target.kind} for target in site.targets],
        "units": [
            {
                "id": mapping.unit.id,
                "name": mapping.unit.name,
                "target": mapping.unit.target,
                "standing": mapping.standing,
                "suggestion": mapping.suggestion,
                "doubt": mapping.doubt,
                "namesakes": mapping.namesakes,
            }
            for mapping in site.units
        ],
        "without_a_unit": site.spare,
        "common_doors_missing": site.missing,
    }


def _say_site(site: _Site) -> None:
    print_table(
        ("id", "kind", "name"),
        ((target.id, target.kind, target.name) for target in site.targets),
        empty="The vendor lists nothing to open.",
    )
    say()
    print_table(
        ("unit", site.field, "suggested", "note"),
        (
            (mapping.unit.name or mapping.unit.id, _now(mapping), mapping.suggestion or "", _note(mapping))
            for mapping in site.units
        ),
        empty="The platform lists no unit at this site.",
    )
    say()
    suggested = sum(mapping.suggestion is not None for mapping in site.units)
    say(
        f"Suggested by name: {suggested}. Nothing was written: set {site.field} of each unit to an id, or to {OPT_OUT}."
    )
    if site.spare:
        say(f"Without a unit: {inert(', '.join(site.spare), MAX_LINE)}")
    for door in site.missing:
        say(f"The vendor has no {inert(door)}, which the site's policy.common_doors names.")


def _now(mapping: UnitMapping) -> str:
    return OPT_OUT if mapping.standing is Standing.OPTED_OUT else mapping.unit.target or "-"


def _note(mapping: UnitMapping) -> str:
    notes = ["the vendor does not have it"] if mapping.standing is Standing.STRAY else []
    if mapping.doubt is not None:
        several = f": {', '.join(mapping.namesakes)}" if mapping.namesakes else ""
        notes.append(f"{_DOUBTS[mapping.doubt]}{several}")
    return "; ".join(notes)
