"""The one code of a person: given by the bridge or made by the system, shown by Seam or hidden."""

from typing import Final

from adapters.seam_acs.client import AcsClient
from adapters.seam_acs.mapping import make_ref
from adapters.seam_acs.options import Codes, Renewal
from adapters.seam_acs.profile import AcsProfile
from adapters.seam_acs.standing import Standing
from adapters.seam_acs.wire import WireCredential
from bridge.sdk import Checkpoint, Conflict, GateCode, NotYetConsistent, Ref, Rejected, Unsupported

IN_USE: Final = "somebody else at the access system has this gate code"
NOT_TOLD: Final = "the access system has not told the code yet that it makes"


class CodeDesk:
    """Gives, changes and remembers it."""

    def __init__(self, client: AcsClient, profile: AcsProfile, checkpoint: Checkpoint) -> None:
        self._client = client
        self._profile = profile
        self._checkpoint = checkpoint
        self._known: str | None = None
        """The credential whose code is known, where codes are hidden."""
        self._new: str | None = None
        """A credential whose code the system has not told yet."""
        self._free: GateCode | None = None
        """A code that was looked for in this change, and is nobody's."""

    def meet(self, ref: Ref | None, standing: Standing) -> None:
        """Take up what the reference says, as far as it is of this person."""
        if ref is not None and ref.get("user") == standing.id:
            self._known, self._new = ref.get("code"), ref.get("new")

    def ref(self, user: str) -> Ref:
        return make_ref(user, code=None if self._profile.shows_codes else self._known, new=self._new)

    async def check_free(self, code: GateCode | None, user: str | None = None) -> None:
        """Raise `Conflict` when Seam shows the code with somebody else."""
        if code is None or code == self._free or not self._profile.shows_codes:
            return
        if await self._client.has_managed(code, besides=user):
            raise Conflict(IN_USE)
        self._free = code

    async def give(self, standing: Standing, code: GateCode | None) -> None:
        """See that the person has the code, or any where the system makes them. For a grant or a resume."""
        if self._profile.codes is Codes.MADE:
            if not standing.living_codes:
                await self._make(standing)
            elif (new := self._awaited(standing)) is not None:
                await self._take(standing, new)
            return
        if code is not None:
            await self._put(standing, code)

    async def change(self, standing: Standing, code: GateCode | None) -> None:
        """Replace the code: with this one, or by a new one that the system makes."""
        if self._profile.codes is Codes.GIVEN:
            if code is not None:
                await self._put(standing, code)
            return
        codes = standing.living_codes
        new = self._awaited(standing)
        if new is None and any(one.code is None for one in codes) and self._profile.shows_codes:
            raise NotYetConsistent(NOT_TOLD)
        if new is not None:
            await self._take(standing, new)
        else:
            if self._profile.renewal is Renewal.REPLACE:
                await self._clear(codes)
                codes = []
            new = await self._make(standing)
        await self._clear([one for one in codes if one.acs_credential_id != new.acs_credential_id])

    async def _put(self, standing: Standing, code: GateCode) -> None:
        """Leave the person with this code and no other; where codes are hidden it is set again, to be sure of it."""
        codes = standing.living_codes
        right = [one for one in codes if one.code == code]
        if right:
            kept = right[0].acs_credential_id
        elif codes:
            kept = codes[0].acs_credential_id
            await self.check_free(code, standing.id)
            await self._forget(standing)
            try:
                await self._client.set_code(kept, code)
            except Rejected as refusal:
                await self._tell_conflict(refusal, code, standing)
                raise
        else:
            await self.check_free(code, standing.id)
            kept = await self._add(standing, code)
        await self._clear([one for one in codes if one.acs_credential_id != kept])
        self._known = kept

    async def _add(self, standing: Standing, code: GateCode) -> str:
        try:
            return (await self._client.add_code(standing.id, code)).acs_credential_id
        except Rejected as refusal:
            # An earlier call that timed out may have come through after our look-up: then its holder is ours.
            ours = [one for one in await self._client.codes_of(standing.id) if one.code == code]
            if not ours:
                await self._tell_conflict(refusal, code, standing)
                raise
            return ours[0].acs_credential_id

    async def _tell_conflict(self, refusal: Rejected, code: GateCode, standing: Standing) -> None:
        """Raise `Conflict` if somebody else has the code that was refused.

        Seam's documents do not say how it refuses a code that somebody has, so the evidence decides; where codes are
        hidden there is none, and another code is worth a try.
        """
        if not self._profile.shows_codes:
            raise Conflict(
                f"a refused code is taken for somebody else's where codes are hidden: {refusal}"
            ) from refusal
        if await self._client.has_managed(code, besides=standing.id) or await self._client.has_unmanaged(code):
            raise Conflict(IN_USE) from refusal

    def _awaited(self, standing: Standing) -> WireCredential | None:
        return next((one for one in standing.living_codes if one.acs_credential_id == self._new), None)

    async def _make(self, standing: Standing) -> WireCredential:
        """Have the system make a code. It may be told at once, or only in a later listing."""
        made = await self._client.add_code(standing.id, None)
        if made.code is None and self._profile.shows_codes:
            self._new = made.acs_credential_id
            await self._checkpoint.keep_ref(self.ref(standing.id))
        await self._take(standing, made)
        return made

    async def _take(self, standing: Standing, made: WireCredential) -> None:
        """Keep the code that was made before anything else is done."""
        if made.code is None and not self._profile.shows_codes:
            raise Unsupported("the access system made a gate code and does not tell it: options.codes cannot be made")
        if made.code is None:
            raise NotYetConsistent(NOT_TOLD)
        await self._checkpoint.keep_code(made.code)
        self._known, self._new = made.acs_credential_id, None
        await self._checkpoint.keep_ref(self.ref(standing.id))

    async def _forget(self, standing: Standing) -> None:
        """Where codes are hidden, keep that this one is in doubt before it changes: nothing else would ever tell."""
        if not self._profile.shows_codes and self._known is not None:
            self._known = None
            await self._checkpoint.keep_ref(self.ref(standing.id))

    async def _clear(self, codes: list[WireCredential]) -> None:
        for code in codes:
            await self._client.remove_code(code.acs_credential_id)
