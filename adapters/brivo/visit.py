"""One change of one person at Brivo: they are met as they are found, and what is missing is done."""

from collections.abc import Collection, Mapping
from typing import Any

from adapters.brivo.client import BrivoClient
from adapters.brivo.groups import Groups, no_such_group
from adapters.brivo.mapping import external_id, kept_user, make_ref, new_user, with_code, with_profile
from adapters.brivo.options import BrivoOptions
from adapters.brivo.wire import BrivoUser, WireUser
from bridge.sdk import (
    Anomaly,
    Checkpoint,
    GateCode,
    NotYetConsistent,
    Person,
    Ref,
    Rejected,
    TargetId,
)


async def find(brivo: BrivoClient, mark: str, ref: Ref | None) -> BrivoUser | None:
    """Return the user with the mark. Nobody is believed only if the listing of everybody knows nothing either.

    A user that we made and that lost the mark still opens doors: that is for a person, so it is no nobody.
    """
    found = await brivo.find(mark)
    known = kept_user(ref)
    if found is not None or known is None:
        return found
    listed = await brivo.find_listed(mark, known)
    if listed is None:
        return None
    if listed.external_id == mark:
        raise Anomaly("Brivo lists the user, but does not find them by their external id")
    raise Anomaly(f"user {known} at Brivo lost its external id: set it to {mark} again, or delete the user")


class Visit:
    """What a change may do. All but `open` leave somebody who is not there alone."""

    def __init__(
        self, brivo: BrivoClient, groups: Groups, person: Person, options: BrivoOptions, checkpoint: Checkpoint
    ) -> None:
        self._brivo = brivo
        self._groups = groups
        self._person = person
        self._options = options
        self._mark = external_id(person.key, options.external_id_length)
        self._checkpoint = checkpoint
        self._user: BrivoUser | None = None
        self._kept = groups.kept

    @property
    def ref(self) -> Ref | None:
        """What to keep of the person."""
        return None if self._user is None else make_ref(self._user.seen.id, self._kept)

    async def meet(self, ref: Ref | None, targets: Collection[TargetId]) -> None:
        self._user = await find(self._brivo, self._mark, ref)
        if self._user is None and kept_user(ref) is not None:
            await self._groups.recognise(targets)

    async def open(self, target: TargetId, code: GateCode | None) -> None:
        """Open the target for the person, who is made if they are not there; a suspended person stays so."""
        group = self._groups.the_one(target)
        if self._user is None and not await self._groups.has(group):
            raise no_such_group()
        self._kept = self._groups.remembers(target, group)
        user = self._user = self._user or await self._add(code)
        await self._give_code(user, code)
        if await self._brivo.join(user.seen.id, group):
            # The name may have meant another group, which nobody would look into again.
            for former in set(self._groups.all_of(target)) - {group}:
                await self._brivo.leave(user.seen.id, former)
        elif await self._brivo.find(self._mark) is None:
            raise NotYetConsistent("the user at Brivo went away between two calls")
        else:
            raise no_such_group()

    async def revoke(self, target: TargetId) -> None:
        if self._user is None:
            return
        for group in self._groups.all_of(target):
            await self._brivo.leave(self._user.seen.id, group)
        self._kept = {name: group for name, group in self._kept.items() if name != target}

    async def change_code(self, code: GateCode | None) -> None:
        if self._user is not None:
            await self._give_code(self._user, code)

    async def update_profile(self) -> None:
        if self._user is not None:
            tenant, contact_type = self._person.tenant, self._options.contact_type
            await self._replace(self._user, with_profile(self._user.whole, tenant, contact_type))

    async def suspend(self) -> None:
        if self._user is not None and not self._user.seen.suspended:
            await self._brivo.set_suspended(self._user.seen.id, suspended=True)

    async def resume(self, code: GateCode | None) -> None:
        if self._user is None:
            return
        await self._give_code(self._user, code)
        if self._user.seen.suspended:
            await self._brivo.set_suspended(self._user.seen.id, suspended=False)

    async def remove(self) -> None:
        if self._user is not None:
            await self._brivo.remove(self._user.seen.id)
        self._user = None

    async def _add(self, code: GateCode | None) -> BrivoUser:
        if code is None:
            raise Rejected("a new user at Brivo needs a gate code")
        body = new_user(self._person.tenant, self._mark, code, self._options.contact_type)
        try:
            id_ = await self._brivo.add(body)
        except Rejected:
            # An earlier call that timed out may have come through after our look-up: then ours is in the way.
            user = await self._brivo.find(self._mark)
            if user is None:
                raise
            return user
        await self._checkpoint.keep_ref(make_ref(id_, self._kept))
        seen = WireUser(id=id_, external_id=self._mark, pin=code, suspended=False)
        return BrivoUser(seen=seen, whole=body)

    async def _give_code(self, user: BrivoUser, code: GateCode | None) -> None:
        if code is not None and user.seen.pin != code:
            await self._replace(user, with_code(user.whole, code))

    async def _replace(self, user: BrivoUser, whole: Mapping[str, Any]) -> None:
        if whole != user.whole:
            await self._brivo.replace(user.seen.id, whole)
