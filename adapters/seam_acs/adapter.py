"""Observe and apply at an access system behind Seam.

A tenant is a user identity at Seam, whose key is the anchor, and one person in the access system who belongs to it. The
person's groups are their units, their one code of the method `code` opens them all, and only the whole person can be
suspended.
"""

from collections.abc import Collection, Sequence

from adapters.seam_acs.client import AcsClient
from adapters.seam_acs.finder import Found, find
from adapters.seam_acs.findings import findings
from adapters.seam_acs.mapping import known_code
from adapters.seam_acs.options import AccessSystemOptions, SeamAcsOptions
from adapters.seam_acs.profile import AcsProfile, profile_of
from adapters.seam_acs.standing import is_target, look, target_of
from adapters.seam_acs.visit import Visit
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
    Rejected,
    Target,
    TargetId,
    is_safe_target,
)


class AccessSystem:
    """One access system, used as its profile says."""

    def __init__(self, options: AccessSystemOptions, profile: AcsProfile, context: AdapterContext) -> None:
        self._client = AcsClient(options, context)
        self._profile = profile
        self._site = context.site

    async def check(self) -> Sequence[Finding]:
        return await findings(self._client, self._profile, self._site)

    async def targets(self) -> Sequence[Target]:
        groups = [group for group in await self._client.groups() if is_target(group, self._profile)]
        names = [target_of(group, self._profile) for group in groups]
        return [
            Target(id=target, name=target_of(group, self._profile.named()), kind=group.external_type)
            for group, target in zip(groups, names, strict=True)
            if is_safe_target(target) and names.count(target) == 1
        ]

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        del targets  # Seam lists by person
        client = self._client.discreet(person.tenant)
        found = await find(client, person, ref)
        if not found.exists:
            return Observed()
        standings = [await look(client, user) for user in found.live]
        if not standings:
            return Observed(exists=True, code_in_doubt=bool(found.users))
        entries: dict[TargetId, EntryState] = {}
        for standing in standings:
            for target, state in standing.entries(self._profile).items():
                if entries.get(target) is not EntryState.ACTIVE:
                    entries[target] = state
        unsettled = frozenset[TargetId]().union(*(standing.unsettled(self._profile) for standing in standings))
        code, is_in_doubt = known_code(self._profile, [c for one in standings for c in one.living_codes], ref)
        return Observed(
            exists=True,
            code=code,
            code_in_doubt=is_in_doubt or len(standings) > 1,
            entries=entries,
            unsettled=unsettled,
        )

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        if change.target is not None and not is_safe_target(change.target):
            raise Rejected("the target's name cannot be one of an access group")
        client = self._client.discreet(person.tenant)
        found = await find(client, person, ref)
        if change.kind is Kind.REMOVE_PERSON:
            return await _remove(client, found, ref)
        visit = Visit(client, person, self._profile, checkpoint, found.identity)
        await visit.meet(found, ref)
        if change.target is not None:
            await _change_target(change, change.target, visit)
        else:
            await _change_person(change, visit)
        return visit.ref


class SeamAcsAdapter(AccessSystem):
    def __init__(self, options: SeamAcsOptions, context: AdapterContext) -> None:
        super().__init__(options, profile_of(options), context)


async def _remove(client: AcsClient, found: Found, ref: Ref | None) -> Ref | None:
    """Delete the person, and their identity once nobody is left of it: while somebody is, they can be found by it."""
    for user in found.users:
        if user not in found.leaving:
            await client.remove_user(user.acs_user_id)
    if found.identity is None:
        return None
    if found.users and await client.users(found.identity):
        return ref
    await client.remove_identity(found.identity)
    return None


async def _change_target(change: Change, target: TargetId, visit: Visit) -> None:
    if change.kind is Kind.GRANT:
        await visit.open(target, change.code)
    else:
        await visit.close(target)


async def _change_person(change: Change, visit: Visit) -> None:
    match change.kind:
        case Kind.CHANGE_CODE:
            await visit.change_code(change.code)
        case Kind.UPDATE_PERSON:
            await visit.update_profile()
        case Kind.SUSPEND:
            await visit.suspend()
        case _:
            await visit.resume(change.code)
