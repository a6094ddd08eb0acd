"""One change of one person at Salto KS: they are met as they are found, and what is missing is done."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from adapters.salto_ks.client import SaltoClient
from adapters.salto_ks.kept import Kept, Now, PinState
from adapters.salto_ks.mapping import email_for, mark_for, mark_in, profile_for, profile_of
from adapters.salto_ks.options import SaltoOptions
from adapters.salto_ks.wire import SiteUser, Subscription
from bridge.sdk import Anomaly, Checkpoint, NoCapacity, NotYetConsistent, Person, Ref, Rejected, read_as

NO_SEAT: Final = "no seat of the Salto KS licence is free"


async def find(salto: SaltoClient, person: Person, kept: Kept | None) -> list[SiteUser]:
    """Return everybody with the person's mark, and who is kept under their id though staff took the mark away.

    Nobody is believed only if the id that we keep is gone as well.
    """
    mark = mark_for(person.key)
    ours = {mark} if kept is None else {mark, None}
    people = await salto.people()
    found = [
        read_as(SiteUser, item, "user")
        for listed, item in people
        if mark_in(listed.alias) == mark
        or (kept is not None and listed.id == kept.site_user and mark_in(listed.alias) in ours)
    ]
    if not found and kept is not None and await salto.is_there(kept, lists_others=bool(people)):
        raise Anomaly("Salto KS has the person, but its listing does not show them")
    return found


class Visit:
    """What a change may do. All but `open` leave somebody who is not there alone."""

    def __init__(
        self, salto: SaltoClient, person: Person, options: SaltoOptions, *, checkpoint: Checkpoint, now: Now
    ) -> None:
        self._salto = salto
        self._person = person
        self._options = options
        self._checkpoint = checkpoint
        self._now = now
        self._found: SiteUser | None = None
        self._kept: Kept | None = None

    @property
    def ref(self) -> Ref | None:
        """What to keep of the person."""
        return None if self._kept is None else self._kept.ref

    async def meet(self, people: Sequence[SiteUser], kept: Kept | None) -> None:
        """Take up who was found; where they were made twice, one stays: not suspended before suspended.

        The doors of the others are opened again by the next plan, if anybody earns them: which PIN works is in doubt
        until then anyhow.
        """
        known = None if kept is None else kept.site_user
        order = sorted(people, key=lambda one: (one.is_suspended, one.id != known, one.id))
        for double in order[1:]:
            await self._salto.remove(self._unknown(double))
        if not order:
            return
        found = order[0]
        if kept is None or found.id != known:
            kept = await self._adopted(found)
            if kept is None:
                return
            await self._keep(kept)
        self._found, self._kept = found, replace(kept, user=found.user.id)
        if mark_in(found.alias) is None and self._options.updates_names:
            await self._salto.edit(kept, {"alias": self._profile["alias"]})

    async def leave(self, people: Sequence[SiteUser], kept: Kept | None) -> None:
        """Remove the person, and all whom they were made as."""
        if kept is not None and kept.made_at is not None:
            # Told of a removal that came through, a retry must not wait for somebody fresh to show up.
            await self._checkpoint.keep_ref(kept.settled().ref)
        for one in people:
            is_known = kept is not None and kept.site_user == one.id
            await self._salto.remove(kept if kept is not None and is_known else self._unknown(one))

    async def open(self, group: str) -> None:
        """Open the group's doors for the person, who is made if they are not there; a suspended one stays so."""
        members = await self._salto.members(group)
        if members is None:
            raise Rejected("the site has no such access group: correct the unit's field")
        kept = self._kept or await self._add()
        if kept.pin is PinState.NONE:
            kept = await self._make_pin(kept)
        own = [member for member in members if member.ids & {kept.site_user, kept.user}]
        if any(member.excluded for member in own):
            await self._salto.let_out(kept, group)
            own = []
        if not own:
            await self._salto.let_in(kept, group)
        self._kept = kept.settled()

    async def close(self, group: str) -> None:
        if self._kept is None:
            return
        members = await self._salto.members(group)
        if any(member.ids & {self._kept.site_user, self._kept.user} for member in members or ()):
            await self._salto.let_out(self._kept, group)

    async def change_code(self) -> None:
        if self._kept is None or self._found is None:
            return
        if not self._found.use_pin:
            await self._salto.edit(self._kept, {"use_pin": True})
        await self._make_pin(self._kept)

    async def update_profile(self) -> None:
        if self._kept is not None and self._found is not None and profile_of(self._found) != self._profile:
            await self._salto.edit(self._kept, self._profile)

    async def suspend(self) -> None:
        if self._kept is None or self._found is None or self._found.subscription_state is Subscription.SUSPENDED:
            return
        await self._salto.subscribe(self._kept, Subscription.SUSPENDED)

    async def resume(self) -> None:
        if self._kept is None or self._found is None:
            return
        if self._found.blocked:
            raise Rejected("somebody blocked the tenant at Salto KS: unblock them there")
        if self._found.subscription_state is Subscription.SUBSCRIBED:
            return
        told = await self._salto.subscribe(self._kept, Subscription.SUBSCRIBED)
        if told is Subscription.SUSPENDED:
            raise NoCapacity(f"{NO_SEAT}: the tenant stays suspended")
        shown = await find(self._salto, self._person, self._kept) if told is Subscription.UNKNOWN else []
        if any(one.is_suspended for one in shown):
            raise NotYetConsistent(
                "Salto KS took it and shows the tenant suspended still: is a seat of the licence free?"
            )

    @property
    def _profile(self) -> dict[str, str]:
        return dict(profile_for(self._person.key, self._person.tenant, self._options.alias_style))

    async def _add(self) -> Kept:
        email = email_for(self._person.tenant) if self._options.invite else None
        made = await self._salto.add(self._profile, email)
        kept = self._unknown(made)
        if made.subscription_state is Subscription.SUSPENDED:
            await self._salto.remove(kept)
            raise NoCapacity(f"{NO_SEAT}: the person was removed again")
        await self._keep(kept)
        return kept

    async def _make_pin(self, before: Kept) -> Kept:
        """Have a PIN made and keep it. Which one works is in doubt from before the call until it is kept."""
        await self._keep(replace(before, pin=PinState.ASKED))
        try:
            code = await self._salto.make_pin(before)
        except NotYetConsistent:
            # Refused, so none was made.
            await self._keep(before)
            raise
        await self._checkpoint.keep_code(code)
        told = replace(before, pin=PinState.TOLD)
        await self._keep(told)
        return told

    async def _adopted(self, found: SiteUser) -> Kept | None:
        """Return what to keep of somebody of whom nothing is kept; None for one made without a seat, who is removed.

        A seatless one never got a PIN, and one whom the bridge suspended has theirs.
        """
        kept = self._unknown(found)
        if await self._salto.has_pin(kept):
            return replace(kept, pin=PinState.ASKED)
        if found.subscription_state is Subscription.SUSPENDED:
            await self._salto.remove(kept)
            return None
        return kept

    def _unknown(self, found: SiteUser) -> Kept:
        """They may have been made just now, as far as anybody knows."""
        return Kept(site_user=found.id, user=found.user.id, pin=PinState.NONE, made_at=self._now())

    async def _keep(self, kept: Kept) -> None:
        self._kept = kept
        await self._checkpoint.keep_ref(kept.ref)
