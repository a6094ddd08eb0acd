"""One change of one person at CIA: what is there is adopted, and what is missing is done."""

from adapters.opentech_cia.client import CiaClient
from adapters.opentech_cia.mapping import Found, chosen, holder_of, make_ref, named, state_of, unit_at, units_at
from adapters.opentech_cia.options import CiaOptions, MoveOut, TakeOver
from adapters.opentech_cia.people import mark_in, mark_of, profile_for, shows
from adapters.opentech_cia.wire import UnitStatus, WireNamed, WireUnit, WireVisitor
from bridge.sdk import (
    Anomaly,
    Checkpoint,
    Conflict,
    EntryState,
    GateCode,
    NotYetConsistent,
    Person,
    Ref,
    Rejected,
    TargetId,
    inert,
)


class Visit:
    """What a change may do. All but `grant` leave somebody who is not there alone."""

    def __init__(
        self, client: CiaClient, person: Person, options: CiaOptions, found: Found, checkpoint: Checkpoint
    ) -> None:
        self._client = client
        self._options = options
        self._checkpoint = checkpoint
        self._units = found.units
        self._others = found.others
        self._mine = list(found.mine)
        self._mark = mark_of(person.key)
        self._profile = profile_for(person.tenant, self._mark)

    @property
    def ref(self) -> Ref | None:
        """What to keep of the person."""
        return make_ref(self._mine)

    async def meet(self) -> None:
        """Where the person is twice on one unit, leave the first."""
        seen: set[str | None] = set()
        for visitor in tuple(self._mine):
            if visitor.unit_key in seen:
                await self._client.remove(visitor)
                self._mine.remove(visitor)
            seen.add(visitor.unit_key)

    async def grant(self, target: TargetId, code: GateCode | None) -> None:
        """Let the person into the unit, with this code; a disabled unit of theirs is enabled."""
        if code is None:
            raise Rejected("a grant needs a gate code at CIA")
        unit = unit_at(target, self._units.values(), self._options.unit_match)
        if unit is None:
            raise Rejected(f"CIA has no unit {inert(target, 40)} at this facility (its spelling counts)")
        if self._on(unit) is None and not await self._takes_over(unit, code):
            self._check_free(code)
            await self._move_in(unit, code)
            return
        await self._open(unit, code)

    async def resume(self, target: TargetId, code: GateCode | None) -> None:
        for unit in self._held(target):
            await self._open(unit, code)

    async def suspend(self, target: TargetId) -> None:
        for unit in self._held(target):
            if unit.status is UnitStatus.DELINQUENT:
                continue
            try:
                await self._client.disable(unit)
            except Rejected as refused:
                await self._check_became(unit, UnitStatus.DELINQUENT, refused)

    async def revoke(self, target: TargetId) -> None:
        for unit in self._held(target):
            await self._move_out(unit)

    async def change_code(self, code: GateCode) -> None:
        if any(visitor.code != code for visitor in self._mine):
            self._check_free(code)
        for visitor in tuple(self._mine):
            await self._give_code(visitor, code)

    async def update_person(self) -> None:
        for visitor in tuple(self._mine):
            if not shows(visitor, self._profile):
                if visitor.code is None:
                    raise Anomaly("CIA shows no code for a tenant of ours, and takes a new name only with one")
                await self._update(visitor, visitor.code)

    async def leave(self) -> None:
        """Move the person out of every unit."""
        for visitor in tuple(self._mine):
            unit = self._units.get(visitor.unit_key or "")
            if unit is None:
                await self._client.remove(visitor)
                self._mine.remove(visitor)
            elif visitor in self._mine:
                await self._move_out(unit)

    def _held(self, target: TargetId) -> list[WireUnit]:
        """Return the units of this name that the person is on: theirs are clear, also where two have one number."""
        named_so = units_at(target, self._units.values(), self._options.unit_match)
        return [unit for unit in named_so if self._on(unit) is not None]

    def _on(self, unit: WireUnit) -> WireVisitor | None:
        return next((visitor for visitor in self._mine if visitor.unit_key == unit.key), None)

    def _check_free(self, code: GateCode) -> None:
        """Raise `Conflict` where somebody else at the facility has the code, before any of it is changed."""
        if holder_of(code, self._others) is not None:
            raise Conflict("somebody else at the facility has this gate code")

    async def _open(self, unit: WireUnit, code: GateCode | None) -> None:
        """Set the code, before the unit is enabled."""
        visitor = self._on(unit)
        if visitor is not None and code is not None and visitor.code != code:
            self._check_free(code)
            await self._give_code(visitor, code)
        if state_of(unit) is EntryState.ACTIVE:
            return
        try:
            await self._client.enable(unit)
        except Rejected as refused:
            await self._check_became(unit, UnitStatus.RENTED, refused)

    async def _move_in(self, unit: WireUnit, code: GateCode) -> None:
        tenants = [visitor for visitor in await self._client.visitors_of(unit) if visitor.is_tenant]
        marks = {mark_in(visitor.name) for visitor in tenants}
        if self._mark in marks:
            raise Anomaly("CIA shows a visitor on their unit, but not in the facility")
        if None in marks:
            raise Rejected(f"unit {inert(unit.number, 40)} has a tenant at CIA whom the bridge did not make: vacate it")
        if marks:
            number = inert(unit.number, 40)
            raise NotYetConsistent(
                f"unit {number} still has an earlier tenant of a bridge at CIA; vacate it if none leaves"
            )
        time_group, access_profile = await self._groups()
        try:
            id_ = await self._client.move_in(unit, self._profile, code, time_group, access_profile)
        except Rejected as refused:
            await self._judge(refused, code, unit=unit)
            raise
        made = {"id": id_, "unitId": unit.id, "isTenant": True, "code": code}
        self._mine.append(WireVisitor.model_validate(made))
        await self._keep_ref()

    async def _takes_over(self, unit: WireUnit, code: GateCode) -> bool:
        """Make the unit's only tenant ours where the operator wants that, they have the code and no mark."""
        tenants = [visitor for visitor in self._others if visitor.unit_key == unit.key and visitor.is_tenant]
        if self._options.take_over is TakeOver.NEVER or len(tenants) != 1:
            return False
        tenant = tenants[0]
        if tenant.code != code or mark_in(tenant.name) is not None:
            return False
        self._mine.append(tenant)
        await self._keep_ref()
        await self._update(tenant, code)
        return True

    async def _give_code(self, visitor: WireVisitor, code: GateCode) -> None:
        if visitor.code != code:
            await self._update(visitor, code)

    async def _update(self, visitor: WireVisitor, code: GateCode) -> None:
        time_group, access_profile = await self._groups(visitor)
        try:
            await self._client.update(visitor, self._profile, code, time_group, access_profile)
        except Rejected as refused:
            await self._judge(refused, code, visitor=visitor)
            raise

    async def _judge(
        self, refused: Rejected, code: GateCode, *, unit: WireUnit | None = None, visitor: WireVisitor | None = None
    ) -> None:
        """Raise what a refusal comes from, as far as CIA's listing shows it; its words alone are not documented."""
        everybody = [one for one in await self._client.visitors() if visitor is None or one.key != visitor.key]
        mine = [one for one in everybody if one.is_tenant and mark_in(one.name) == self._mark]
        if unit is not None and any(one.unit_key == unit.key for one in mine):
            raise NotYetConsistent("an earlier move-in came through at CIA after we had looked")
        if holder_of(code, [one for one in everybody if one not in mine]) is not None:
            raise Conflict("somebody else at the facility has this gate code")
        if isinstance(refused, Conflict) and holder_of(code, mine) is not None:
            raise Rejected("CIA will not have the tenant's gate code on a second unit: give that unit a code by hand")
        if unit is not None and unit.status is not UnitStatus.VACANT and not isinstance(refused, Conflict):
            number = inert(unit.number, 40)
            raise Rejected(f"{refused}; unit {number} has no tenant at CIA, but is {unit.status}: vacate it there")

    async def _groups(self, visitor: WireVisitor | None = None) -> tuple[WireNamed, WireNamed]:
        """Return time group and access profile: those that the visitor has, else those of the options."""
        groups, profiles = await self._client.time_groups(), await self._client.access_profiles()
        group, profile = chosen(self._options.time_group, groups), chosen(self._options.access_profile, profiles)
        if visitor is not None:
            # A visitor shows names, and a name may look like another's id.
            group = named(visitor.time_group or "", groups) or group
            profile = named(visitor.access_profile or "", profiles) or profile
        if group is None or profile is None:
            what = "time_group" if group is None else "access_profile"
            raise Rejected(f"CIA has nothing at this facility that is the site's options.{what}")
        return group, profile

    async def _move_out(self, unit: WireUnit) -> None:
        """Vacate the unit where that removes nobody whom it should not; else remove the person's visitor alone."""
        ours = [visitor for visitor in self._mine if visitor.unit_key == unit.key]
        there = await self._client.visitors_of(unit)
        strangers = [one for one in there if one.key not in {visitor.key for visitor in ours}]
        if len(there) - len(strangers) != len(ours):
            raise Anomaly("CIA shows a visitor in the facility, but not on their unit")
        takes_guests = self._options.move_out is MoveOut.VACATE
        is_free = not strangers or (takes_guests and not any(one.is_tenant for one in strangers))
        if is_free and unit.status is not UnitStatus.VACANT:
            try:
                await self._client.vacate(unit)
            except Rejected as refused:
                await self._check_became(unit, UnitStatus.VACANT, refused)
        else:
            for visitor in ours:
                await self._client.remove(visitor)
        self._mine = [visitor for visitor in self._mine if visitor not in ours]

    async def _check_became(self, unit: WireUnit, status: UnitStatus, refused: Rejected) -> None:
        """Raise `refused`, unless the unit is as it should be: CIA refuses what is done already."""
        now = (await self._client.units()).get(unit.key)
        if now is None or now.status is not status:
            raise refused

    async def _keep_ref(self) -> None:
        if self.ref is not None:
            await self._checkpoint.keep_ref(self.ref)
