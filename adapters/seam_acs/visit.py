"""One change of one person: they are met as they are found, and what is missing is done."""

from adapters.seam_acs.client import AcsClient
from adapters.seam_acs.codes import CodeDesk
from adapters.seam_acs.finder import Found
from adapters.seam_acs.mapping import NO_SEAT, joining, make_ref, profile_for, profile_shown
from adapters.seam_acs.profile import AcsProfile
from adapters.seam_acs.standing import Standing, is_level, is_target, look, target_of
from adapters.seam_acs.wire import WireGroup, WireUser
from bridge.sdk import (
    Checkpoint,
    GateCode,
    NoCapacity,
    NotYetConsistent,
    Person,
    Ref,
    Rejected,
    TargetId,
)


class Visit:
    """What a change may do. All but `open` leave somebody who is not there alone."""

    def __init__(
        self, client: AcsClient, person: Person, profile: AcsProfile, checkpoint: Checkpoint, identity: str | None
    ) -> None:
        self._client = client
        self._person = person
        self._profile = profile
        self._checkpoint = checkpoint
        self._identity = identity
        self._found = Found(identity=identity)
        self._standing: Standing | None = None
        self._codes = CodeDesk(client, profile, checkpoint)

    @property
    def ref(self) -> Ref | None:
        """What to keep of the person."""
        return None if self._standing is None else self._codes.ref(self._standing.id)

    async def meet(self, found: Found, ref: Ref | None) -> None:
        """Take up who was found; where they were made twice, make one of them.

        One who is not suspended stays before one who is. What the others had is carried over before they go, but for
        what was closed and would be open.
        """
        self._found = found
        standings = [await look(self._client, user) for user in found.live]
        if not standings:
            return
        kept, *doubles = sorted(standings, key=lambda one: (one.user.is_suspended, not one.living_codes, one.id))
        have = {group.acs_access_group_id for group in kept.groups}
        carried: list[WireGroup] = []
        for double in doubles:
            for group in double.groups:
                is_new = is_target(group, self._profile) and group.acs_access_group_id not in have
                if is_new and (kept.user.is_suspended or not double.user.is_suspended):
                    await self._client.join(kept.id, group.acs_access_group_id)
                    have.add(group.acs_access_group_id)
                    carried.append(group)
            await self._client.remove_user(double.id)
        self._standing = Standing(user=kept.user, groups=[*kept.groups, *carried], moves=kept.moves, codes=kept.codes)
        self._codes.meet(ref, self._standing)

    async def open(self, target: TargetId, code: GateCode | None) -> None:
        """Open the target for the person, who is made if they are not there; a suspended one stays so.

        The code comes first, and the level before the unit: no door is open to a code that is in doubt.
        """
        group, level = await self._groups_for(target)
        standing = self._standing
        if standing is not None and NO_SEAT in standing.user.errors and not standing.groups:
            # Nothing tells whether Seam would try again by itself, now that there may be room.
            await self._client.remove_user(standing.id)
            standing = None
        standing = standing or await self._add(code)
        if NO_SEAT in standing.user.errors:
            raise NoCapacity("the access system has no subscription left for this person")
        await self._codes.give(standing, code)
        await self._give_level(standing, level)
        if not standing.memberships(target, self._profile):
            await self._join(standing, group)

    async def close(self, target: TargetId) -> None:
        """Take the person out of the target's groups, as often as they were put in; our level goes with the last."""
        if self._standing is None:
            return
        for group, times in self._standing.memberships(target, self._profile).items():
            for _ in range(times):
                await self._client.leave(self._standing.id, group)
        if set(self._standing.targets(self._profile)) <= {target}:
            for level in self._standing.levels(self._profile):
                if self._is_our_level(level):
                    await self._client.leave(self._standing.id, level.acs_access_group_id)

    async def change_code(self, code: GateCode | None) -> None:
        if self._standing is not None:
            await self._codes.change(self._standing, code)

    async def update_profile(self) -> None:
        profile = profile_for(self._person.tenant, contacts=self._profile.contacts)
        if self._standing is not None and profile_shown(self._standing.user, profile) != profile:
            await self._client.set_profile(self._standing.id, profile)

    async def suspend(self) -> None:
        if self._standing is not None and not self._standing.user.is_suspended:
            await self._client.suspend(self._standing.id)

    async def resume(self, code: GateCode | None) -> None:
        if self._standing is None:
            return
        await self._codes.give(self._standing, code)
        if self._profile.level is not None and self._standing.targets(self._profile):
            await self._give_level(self._standing, self._level_in(await self._client.groups()))
        if self._standing.user.is_suspended:
            await self._client.unsuspend(self._standing.id)

    async def _add(self, code: GateCode | None) -> Standing:
        """Make the person. Raises `Conflict`, before anything is made, when somebody else has the code."""
        if self._found.leaving:
            raise NotYetConsistent("the person from before is still being deleted at the access system")
        await self._codes.check_free(code)
        for husk in self._found.husks:
            await self._client.remove_user(husk.acs_user_id)
        if self._identity is None:
            self._identity = await self._add_identity()
        profile = profile_for(self._person.tenant, contacts=self._profile.contacts)
        user: WireUser = await self._client.add_user(self._identity, profile)
        await self._checkpoint.keep_ref(make_ref(user.acs_user_id))
        self._standing = Standing(user=user, groups=[], moves=[], codes=[])
        return self._standing

    async def _add_identity(self) -> str:
        try:
            return await self._client.add_identity(self._person.key)
        except Rejected:
            # An earlier call that timed out may have come through after our look-up: then it is ours.
            found = await self._client.identity(self._person.key)
            if found is None:
                raise
            return found

    async def _give_level(self, standing: Standing, level: WireGroup | None) -> None:
        """Put somebody without any level into ours; one whom staff gave another keeps that."""
        if level is not None and not standing.levels(self._profile):
            await self._join(standing, level)

    async def _join(self, standing: Standing, group: WireGroup) -> None:
        """Put somebody into a group who is not listed in it, unless they are on the way: Seam might do it twice."""
        if group.acs_access_group_id not in joining(standing.user):
            await self._client.join(standing.id, group.acs_access_group_id)

    async def _groups_for(self, target: TargetId) -> tuple[WireGroup, WireGroup | None]:
        """Return the target's group, and the level's if one is needed. Raises `Rejected` where one is not there."""
        groups = await self._client.groups()
        brand = self._profile.brand
        meant = [one for one in groups if is_target(one, self._profile) and target_of(one, self._profile) == target]
        if not meant:
            raise Rejected(f"{brand} has no such unit as the one in the unit's field")
        if len(meant) > 1:
            raise Rejected(f"{brand} has several units of the name in the unit's field: give them names of their own")
        return meant[0], self._level_in(groups)

    def _level_in(self, groups: list[WireGroup]) -> WireGroup | None:
        if self._profile.level is None:
            return None
        ours = [one for one in groups if self._is_our_level(one)]
        if len(ours) != 1:
            raise Rejected(f"{self._profile.brand} has {len(ours) or 'no'} access levels like options.access_level")
        return ours[0]

    def _is_our_level(self, group: WireGroup) -> bool:
        meant = {group.acs_access_group_id, target_of(group, self._profile.named())}
        return is_level(group, self._profile) and self._profile.level in meant
