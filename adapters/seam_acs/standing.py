"""What one person has at the access system, as Seam shows it, and what that comes to at the doors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.seam_acs.client import AcsClient
from adapters.seam_acs.mapping import alive, is_in_force, is_in_trouble, is_pending, moving
from adapters.seam_acs.options import Confirm, TargetsBy
from adapters.seam_acs.profile import AcsProfile
from adapters.seam_acs.wire import WireCredential, WireGroup, WireUser
from bridge.sdk import EntryState, TargetId, inert, is_safe_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One person. `groups` are those that Seam lists; `moves` those that they are on the way into or out of."""

    user: WireUser
    groups: Sequence[WireGroup]
    moves: Sequence[WireGroup]
    codes: Sequence[WireCredential]
    """All that are there, those too that are being deleted."""

    @property
    def id(self) -> str:
        return self.user.acs_user_id

    @property
    def living_codes(self) -> list[WireCredential]:
        return alive(self.codes)

    def memberships(self, target: TargetId, profile: AcsProfile) -> Counter[str]:
        """Return the ids of the groups behind this target that the person is in, and how often each."""
        mine = (group for group in self.groups if is_target(group, profile) and target_of(group, profile) == target)
        return Counter(group.acs_access_group_id for group in mine)

    def targets(self, profile: AcsProfile) -> list[TargetId]:
        """Return the targets that the person has, or had until the doors hear of it."""
        groups = {group.acs_access_group_id: group for group in (*self.groups, *self.moves)}
        return [target_of(group, profile) for group in groups.values() if is_target(group, profile)]

    def levels(self, profile: AcsProfile) -> list[WireGroup]:
        return [group for group in self.groups if is_level(group, profile)]

    def entries(self, profile: AcsProfile) -> Mapping[TargetId, EntryState]:
        """Return what opens: nothing does without a level where one is needed, or while the person is suspended."""
        has_level = profile.level is None or bool(self.levels(profile))
        state = EntryState.ACTIVE if has_level and not self.user.is_suspended else EntryState.SUSPENDED
        return dict.fromkeys(self.targets(profile), state)

    def unsettled(self, profile: AcsProfile) -> frozenset[TargetId]:
        """Return the targets that may be otherwise at the door than `entries` says."""
        if profile.confirm is Confirm.ACCEPTED:
            return frozenset()
        others = any(not is_target(group, profile) for group in self.moves)
        codes_wait = not all(is_in_force(code) for code in self.codes)
        if others or codes_wait or is_pending(self.user) or is_in_trouble(self.user):
            return frozenset(self.targets(profile))
        return frozenset(target_of(group, profile) for group in self.moves)


async def look(client: AcsClient, user: WireUser) -> Standing:
    """Return what this person has. A group that they are leaving may be listed no more, and is looked up."""
    groups = await client.groups_of(user.acs_user_id)
    codes = await client.codes_of(user.acs_user_id)
    ids = moving(user)
    known = {group.acs_access_group_id: group for group in groups}
    if not ids <= known.keys():
        known |= {group.acs_access_group_id: group for group in await client.groups()}
    moves = [known[id_] for id_ in sorted(ids) if id_ in known]
    return Standing(user=user, groups=groups, moves=moves, codes=codes)


def is_target(group: WireGroup, profile: AcsProfile) -> bool:
    return profile.target_type in {None, group.external_type}


def is_level(group: WireGroup, profile: AcsProfile) -> bool:
    return profile.level is not None and group.external_type == profile.level_type


def target_of(group: WireGroup, profile: AcsProfile) -> TargetId:
    """Return what a unit's field would say; a name that none could say is shown escaped, and so stays foreign."""
    if profile.targets is TargetsBy.ID:
        return TargetId(group.acs_access_group_id)
    name = inert(group.name, 200)
    return TargetId(name) if is_safe_target(name) else TargetId(f"?{group.name[:64]!a}")
