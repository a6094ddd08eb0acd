"""Observe and apply at Salto KS.

Every change begins with a look-up by the mark in the person's alias, so that it can be repeated after a crash at any
point: what exists is adopted, what is gone is done.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from adapters.salto_ks.checking import findings
from adapters.salto_ks.client import SaltoClient
from adapters.salto_ks.groups import all_targets, group_id, group_ids
from adapters.salto_ks.kept import Kept, Now, PinState, kept_from
from adapters.salto_ks.mapping import entry_state
from adapters.salto_ks.options import SaltoOptions
from adapters.salto_ks.visit import Visit, find
from adapters.salto_ks.wire import SiteUser
from bridge.sdk import (
    AdapterContext,
    Change,
    Checkpoint,
    EntryState,
    Finding,
    Kind,
    Observed,
    Person,
    Ref,
    Target,
    TargetId,
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SaltoAdapter:
    def __init__(self, options: SaltoOptions, context: AdapterContext, now: Now = _utc_now) -> None:
        self._options = options
        self._salto = SaltoClient(options, context, now)
        self._site = context.site
        self._now = now

    async def check(self) -> Sequence[Finding]:
        return await findings(self._salto, self._options, f"Salto KS of site {self._site}")

    async def targets(self) -> Sequence[Target]:
        return await all_targets(self._salto, self._options.targets_by)

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        salto, kept = self._salto.discreet(person.tenant), kept_from(ref)
        people = await find(salto, person, kept)
        if not people:
            return Observed()
        entries: dict[TargetId, EntryState] = {}
        for target, groups in (await group_ids(salto, self._options.targets_by, targets)).items():
            states = {state for group in groups for state in await _states(salto, group, people)}
            if states:
                entries[target] = EntryState.ACTIVE if EntryState.ACTIVE in states else EntryState.SUSPENDED
        return Observed(
            exists=True,
            code_in_doubt=await _is_in_doubt(salto, people, kept),
            entries=entries,
            # They can still be suspended or removed, and are not believed to be let in.
            unsettled=frozenset(entries) if any(one.may_be_suspended for one in people) else frozenset(),
        )

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        salto, kept = self._salto.discreet(person.tenant), kept_from(ref)
        people = await find(salto, person, kept)
        visit = Visit(salto, person, self._options, checkpoint=checkpoint, now=self._now)
        if change.kind is Kind.REMOVE_PERSON:
            await visit.leave(people, kept)
            return None
        await visit.meet(people, kept)
        if change.target is None:
            await _change_person(change, visit)
        elif change.kind is Kind.GRANT:
            await visit.open(await group_id(salto, self._options.targets_by, change.target))
        else:
            for group in (await group_ids(salto, self._options.targets_by, [change.target]))[change.target]:
                await visit.close(group)
        return visit.ref


async def _change_person(change: Change, visit: Visit) -> None:
    match change.kind:
        case Kind.CHANGE_CODE:
            await visit.change_code()
        case Kind.UPDATE_PERSON:
            await visit.update_profile()
        case Kind.SUSPEND:
            await visit.suspend()
        case _:
            await visit.resume()


async def _states(salto: SaltoClient, group: str, people: Sequence[SiteUser]) -> set[EntryState]:
    """Return how the people are in a group. Who is excluded from it is not in; a group that is gone has nobody."""
    members = [member for member in await salto.members(group) or () if not member.excluded]
    return {entry_state(one) for one in people if any(member.ids & {one.id, one.user.id} for member in members)}


async def _is_in_doubt(salto: SaltoClient, people: Sequence[SiteUser], kept: Kept | None) -> bool:
    """Tell whether it is open which PIN works: several do, none does, or what was told of it may have been lost."""
    if len(people) > 1 or kept is None or kept.site_user != people[0].id or kept.pin is not PinState.TOLD:
        return True
    return not people[0].use_pin or not await salto.has_pin(kept)
