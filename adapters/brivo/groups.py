"""Which group at Brivo a unit's field means."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from adapters.brivo.client import BrivoClient
from adapters.brivo.mapping import kept_groups
from adapters.brivo.options import TargetsBy
from adapters.brivo.wire import WireGroup, is_brivo_id
from bridge.sdk import Anomaly, Ref, Rejected, TargetId


class Groups:
    """Finds groups by what targets are called: their ids, or their names.

    `kept` says which group a target meant when a tenant was put into it. A group that was renamed since is still found
    by it, so that nobody stays inside unseen, and the account is known again.
    """

    def __init__(
        self, brivo: BrivoClient, by_name: Mapping[str, Sequence[str]] | None, kept: Mapping[str, str]
    ) -> None:
        self._brivo = brivo
        self._by_name = by_name
        self.kept = kept

    @classmethod
    async def known_to(cls, brivo: BrivoClient, targets: TargetsBy, ref: Ref | None) -> "Groups":
        by_name = ids_by_name(await brivo.groups()) if targets is TargetsBy.NAME else None
        return cls(brivo, by_name, kept_groups(ref))

    def to_look_at(self, targets: Collection[TargetId]) -> Mapping[TargetId, Sequence[str]]:
        """Return where to look for a person: the groups of each target."""
        return {target: self.all_of(target) for target in sorted({*targets, *map(TargetId, self.kept)})}

    def all_of(self, target: TargetId) -> Sequence[str]:
        """Return each group that the target means or meant; none for what no group can be called."""
        if self._by_name is None:
            return [target] if is_brivo_id(target) else []
        # What was kept while targets were ids is no name: the tenant is found by the unit's new target.
        kept = {group for name, group in self.kept.items() if name == target != group}
        return sorted({*self._by_name.get(target, ()), *kept})

    def the_one(self, target: TargetId) -> str:
        """Return the group to open. Raises `Rejected` with what staff can do when it cannot be told."""
        if self._by_name is None:
            if not is_brivo_id(target):
                raise Rejected("the target is not a group's id at Brivo: put the number into the unit's field")
            return target
        ids = self._by_name.get(target, ())
        if len(ids) > 1:
            raise Rejected("several groups at Brivo have this target's name: rename all but one")
        if not ids:
            raise no_such_group()
        return ids[0]

    async def has(self, group: str) -> bool:
        """Tell whether a group that `the_one` returned is there: its name was just read, or Brivo is asked."""
        return self._by_name is not None or await self._brivo.has_group(group)

    def remembers(self, target: TargetId, group: str) -> Mapping[str, str]:
        """Return what to keep once a person is in the group."""
        return {**self.kept, target: group}

    async def recognise(self, targets: Collection[TargetId]) -> None:
        """Raise `Anomaly` where the account has no group by which it is known: it says nothing of our users then.

        A name may be found in any account, so it counts only where no id is kept. A user who was in no group that we
        know of opens nothing: then there is nothing to be known by.
        """
        listed = await self._brivo.groups()
        there, named = {group.id for group in listed}, {*self.kept.values()}
        if self._by_name is None:
            named |= {target for target in targets if is_brivo_id(target)}
        elif not named:
            there, named = {group.name for group in listed}, set(targets)
        if named and there.isdisjoint(named):
            raise Anomaly("Brivo knows none of the tenant's groups: are the site's options those of another account?")


def ids_by_name(groups: Sequence[WireGroup]) -> Mapping[str, Sequence[str]]:
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for group in groups:
        ids[group.name].append(group.id)
    return ids


def no_such_group() -> Rejected:
    return Rejected("Brivo has no such group: correct the unit's field, or make the group at Brivo")
