"""One change of one person at Seam: what is found at the locks is taken up, and what is missing is done."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from adapters.seam.client import SeamClient
from adapters.seam.known import Known
from adapters.seam.mapping import (
    POSTPONED,
    UNBOUND,
    is_going,
    is_of,
    is_postponed,
    label_for,
    may_have_earlier_digits,
    refused_by_lock,
    state_of,
    tag_of,
    window_of,
)
from adapters.seam.options import SeamCodesOptions, Suspend
from adapters.seam.wire import Changes, CodeType, WireCode, WireMark
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
)

TAKEN_AT_THE_LOCK: Final = "the lock has these digits already"
AT_ONCE: Final = 8
"""So many locks are asked at the same time, where all are to be looked through."""


async def look(seam: SeamClient, person: Person, device: TargetId, known: Known) -> list[WireCode]:
    """Return a person's codes at a lock.

    Where one was, nothing is believed only if the code that we keep is gone as well, and the workspace is the one that
    had it.
    """
    tag, kept = tag_of(person), known.codes.get(device) or None

    def is_ours(mark: WireMark) -> bool:
        return is_of(mark, tag, kept)

    found = await seam.codes_at(device, is_ours)
    if device not in known.codes or any(code.access_code_id == kept for code in found):
        return found
    shown = None if kept is None else await seam.show(kept)
    if shown is not None and shown.device_id == device and is_ours(shown):
        raise Anomaly("Seam has the tenant's code, but its listing does not show it")
    if not found and shown is None:
        await _recognise(seam, device, known)
    return found


async def _recognise(seam: SeamClient, device: TargetId, known: Known) -> None:
    """Raise `Anomaly` unless the workspace has the lock, or another one of the tenant's: then this one was deleted."""
    there = {lock.device_id for lock in await seam.locks()}
    if device not in there and there.isdisjoint(known.named):
        raise Anomaly(f"the workspace does not know lock {device}: is options.api_key of another workspace?")


async def look_at_all(
    seam: SeamClient, person: Person, devices: Sequence[TargetId], known: Known
) -> Mapping[TargetId, list[WireCode]]:
    """Return a person's codes at several locks, asked at once; the first error ends all that is still asked."""
    looks = [asyncio.ensure_future(look(seam, person, device, known)) for device in devices]
    try:
        return dict(zip(devices, await asyncio.gather(*looks), strict=True))
    finally:
        for one in looks:
            one.cancel()


class Visit:
    """What a change may do. All but `open` make nothing."""

    def __init__(
        self, seam: SeamClient, person: Person, options: SeamCodesOptions, ref: Ref | None, checkpoint: Checkpoint
    ) -> None:
        self._seam = seam
        self._person = person
        self._options = options
        self._known = Known.of(ref)
        self._checkpoint = checkpoint
        self._label = label_for(person, options.name_style)

    @property
    def ref(self) -> Ref | None:
        """What to keep of the person."""
        return self._known.ref

    async def open(self, device: TargetId, code: GateCode | None, *, may_make: bool) -> None:
        """Have the code open the lock; a code is made only where it `may_make` one."""
        kept = await self._the_one_at(device, code)
        if kept is not None:
            await self._reopen(kept, code)
        elif may_make:
            if code is None:
                raise Rejected("a grant needs a gate code at Seam")
            await self._make(device, code)

    async def change_code(self, code: GateCode | None) -> None:
        if code is None:
            raise Rejected("Seam's codes are made by the bridge: a changed one must be given")
        for device in await self._everywhere():
            kept = await self._the_one_at(device, code, or_wait=False)
            if kept is not None and kept.code != code:
                await self._update(kept, {"code": code.reveal()})
            elif kept is not None and may_have_earlier_digits(kept):
                raise Conflict(TAKEN_AT_THE_LOCK)

    async def rename(self) -> None:
        for device in await self._everywhere():
            kept = await self._the_one_at(device, None, or_wait=False)
            if kept is not None and kept.name != self._label:
                await self._update(kept, {})

    async def suspend(self, device: TargetId) -> None:
        if self._options.suspend is Suspend.DELETE:
            await self.revoke(device)
            return
        kept = await self._the_one_at(device, None, or_wait=False)
        if kept is not None and not is_postponed(kept):
            await self._update(kept, POSTPONED)

    async def revoke(self, device: TargetId) -> None:
        for code in await look(self._seam, self._person, device, self._known):
            if not is_going(code) and not is_of(code, tag_of(self._person), None):
                # Staff took the mark off: with it, the code is seen until the lock has let go of it.
                await self._update(code, {})
            await self._delete(code)
        self._known.codes.pop(device, None)

    async def remove_everything(self) -> None:
        for device in await self._everywhere():
            await self.revoke(device)

    async def _everywhere(self) -> Collection[TargetId]:
        """Return the locks that can have a code of the person: those we keep, or all where the memory has gaps."""
        known = self._known
        if not known.whole:
            devices = {TargetId(lock.device_id) for lock in await self._seam.locks()} | known.codes.keys()
            left = sorted(device for device in devices if device > known.looked)
            for start in range(0, len(left), AT_ONCE):
                found = await look_at_all(self._seam, self._person, left[start : start + AT_ONCE], known)
                for device, codes in found.items():
                    known.codes.pop(device, None)
                    if codes:
                        known.codes[device] = codes[0].access_code_id
                    known.looked = device
                await self._keep()
            known.whole, known.looked = True, ""
            await self._keep()
        return list(known.codes)

    async def _the_one_at(self, device: TargetId, code: GateCode | None, *, or_wait: bool = True) -> WireCode | None:
        """Return the person's code at a lock; where there are several, one stays: an open one, with these digits."""
        found = await look(self._seam, self._person, device, self._known)
        staying = [one for one in found if not is_going(one)]
        if not staying:
            if found and or_wait:
                raise NotYetConsistent("the lock still has the code that is being deleted")
            return None
        kept, *doubles = sorted(
            staying, key=lambda one: (state_of(one) is not EntryState.ACTIVE, one.code != code, one.access_code_id)
        )
        for double in doubles:
            await self._delete(double)
        self._known.codes[device] = kept.access_code_id
        return kept

    async def _reopen(self, kept: WireCode, code: GateCode | None) -> None:
        wanted = code or kept.code
        refused = refused_by_lock(kept)
        if refused is Conflict and kept.code == wanted:
            # The code stays, to be given others: what it had before may still open.
            raise Conflict(TAKEN_AT_THE_LOCK)
        if refused is not None and refused is not Conflict:
            await self._give_up(kept)
        changes = {} if wanted is None or kept.code == wanted else {"code": wanted.reveal()}
        if changes or kept.type is not CodeType.ONGOING:
            await self._update(kept, {**changes, **UNBOUND})

    async def _make(self, device: TargetId, code: GateCode) -> None:
        self._known.codes[device] = ""
        await self._keep()
        try:
            made = await self._seam.create(device, self._label, code)
        except Conflict:
            # An earlier call that timed out may have come through after our look-up: then its code is ours.
            kept = await self._the_one_at(device, code)
            if kept is None:
                await self._forget(device)
                raise
            await self._reopen(kept, code)
            return
        except Rejected:
            await self._forget(device)
            raise
        self._known.codes[device] = made.access_code_id
        await self._keep()
        if refused_by_lock(made) is not None:
            await self._give_up(made)

    async def _give_up(self, code: WireCode) -> None:
        """Delete a code that the lock does not take, and raise why: it would be set when nobody expects it."""
        await self._delete(code)
        kind = refused_by_lock(code) or Rejected
        raise kind(TAKEN_AT_THE_LOCK if kind is Conflict else "the lock has no room for another code")

    async def _update(self, kept: WireCode, changes: Changes) -> None:
        """Change a code, and with it its name and time to what they should be, whatever the server does of itself."""
        name = {} if kept.name == self._label else {"name": self._label}
        time = {} if "type" in changes else window_of(kept)
        await self._seam.update(kept.access_code_id, {**time, **name, **changes})

    async def _delete(self, code: WireCode) -> None:
        if not is_going(code):
            await self._seam.delete(code.access_code_id)

    async def _keep(self) -> None:
        await self._checkpoint.keep_ref(self._known.kept)

    async def _forget(self, device: TargetId) -> None:
        self._known.codes.pop(device, None)
        await self._keep()
