"""The gate code in force: kept, adopted from staff, or made; durable before anybody is told of it."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.capabilities import Capabilities, CodeMaker
from bridge.domain.credential import (
    CodeChoice,
    CodeMemory,
    CodeRefusal,
    CodeRules,
    GateCode,
    RefusedCode,
    choose_code,
)
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.desired import Desired
from bridge.domain.errors import Conflict, NoCapacity
from bridge.domain.ids import RentalId
from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.domain.rotation import unserved
from bridge.domain.tenancy import Snapshot
from bridge.ports.clock import Clock
from bridge.ports.store import SubjectRecords

MAX_TRIES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What came out: the subject's codes as they now are, and the typed ones that staff must be told of.

    `rotated` are the records of rentals whose wish for a new code this is. Where the vendor makes the codes, that wish
    is still to be served: `wanting` are the records to keep with the code that the vendor will tell.
    """

    codes: CodeMemory
    rotated: tuple[AccessRecord, ...] = ()
    wanting: tuple[AccessRecord, ...] = ()
    adopted_from: RentalId | None = None
    refused: tuple[RefusedCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeWish:
    """What the rentals' fields ask for: a typed code or the one in force; a new one for the records in `wanting`."""

    choice: CodeChoice
    wanting: tuple[AccessRecord, ...] = ()


def code_wish(
    snapshot: Snapshot,
    desired: Desired,
    codes: CodeMemory,
    capabilities: Capabilities,
    records: Mapping[RentalId, AccessRecord],
) -> CodeWish:
    """Return what staff ask for, as far as it can be told without taking a code."""
    if not desired.needs_code:
        return CodeWish(choice=CodeChoice(code=codes.current))
    living = {access.rental for access in desired.rentals if access.status is not AccessStatus.NONE}
    typed = [(r.id, r.fields.code) for r in snapshot.rentals if r.id in living and r.fields.code is not None]
    wanting = unserved(snapshot.rentals, living, records)
    if capabilities.code_maker is CodeMaker.VENDOR:
        foreign = [rental for rental, code in typed if not codes.ever_had(code)]
        refusals = tuple(RefusedCode(rental=one, refusal=CodeRefusal.MADE_BY_VENDOR) for one in foreign)
        return CodeWish(choice=CodeChoice(code=codes.current, refused=refusals), wanting=wanting)
    return CodeWish(choice=choose_code(typed, codes, capabilities.code_rules, snapshot.guessable()), wanting=wanting)


class CodeKeeper:
    """Chooses and takes codes. The store says who else at the site has one; the vendor may still say so later."""

    def __init__(self, records: SubjectRecords, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def in_force(
        self,
        claim: ClaimedSubject,
        snapshot: Snapshot,
        desired: Desired,
        codes: CodeMemory,
        *,
        capabilities: Capabilities,
        records: Mapping[RentalId, AccessRecord],
        inherited: Sequence[GateCode] = (),
    ) -> InForce:
        """Return the code to use. Raises `NoCapacity` when none is left.

        A new code that staff ask for is made once for a request: `records` tell which were served. One that they typed
        at the same time is the new code. `inherited` are codes of the site that the tenant came from: the first that is
        good and free here is carried over.
        """
        rules = capabilities.code_rules
        if not desired.needs_code:
            return InForce(codes=codes)
        wish = code_wish(snapshot, desired, codes, capabilities, records)
        choice, wanting = wish.choice, wish.wanting
        if capabilities.code_maker is CodeMaker.VENDOR:
            return InForce(codes=codes, wanting=wanting, refused=choice.refused)
        refused = list(choice.refused)
        if choice.code is not None and choice.adopted_from is not None:
            try:
                taken = await self._take(
                    claim, codes, choice.code, how="adopted_from_staff", rental=choice.adopted_from, wanting=wanting
                )
                return InForce(codes=taken, rotated=wanting, adopted_from=choice.adopted_from, refused=tuple(refused))
            except Conflict:
                refused.append(RefusedCode(rental=choice.adopted_from, refusal=CodeRefusal.TAKEN))
        if codes.current is not None and not wanting:
            return InForce(codes=codes, refused=tuple(refused))
        for code in inherited if not wanting else ():
            if rules.refusal(code, snapshot.guessable()) is None:
                with suppress(Conflict):
                    return InForce(
                        codes=await self._take(claim, codes, code, how="carried_over"), refused=tuple(refused)
                    )
        fresh = await self.replace(claim, snapshot, codes, rules, wanting)
        return InForce(codes=fresh, rotated=wanting, refused=tuple(refused))

    async def replace(
        self,
        claim: ClaimedSubject,
        snapshot: Snapshot,
        codes: CodeMemory,
        rules: CodeRules,
        wanting: Sequence[AccessRecord] = (),
    ) -> CodeMemory:
        """Put a new code in force, unlike any that the site's tenants have. Raises `NoCapacity` when none is found.

        `wanting` are the marked records of the rentals that it is for, kept together with it.
        """
        how, rental = ("rotated", wanting[0].rental) if wanting else ("made", None)
        for _ in range(MAX_TRIES):
            code = rules.make(secrets.choice, snapshot.guessable())
            if codes.ever_had(code):
                continue
            try:
                return await self._take(claim, codes, code, how=how, rental=rental, wanting=wanting)
            except Conflict:
                continue
        raise NoCapacity(f"no free gate code was found in {MAX_TRIES} tries")

    async def restore(self, claim: ClaimedSubject, codes: CodeMemory) -> CodeMemory:
        """Put the code before this one in force again: the vendor would not have the one that staff typed."""
        return await self._take(claim, codes, codes.earlier[0], how="restored")

    async def told_by_vendor(
        self, claim: ClaimedSubject, codes: CodeMemory, code: GateCode, wanting: Sequence[AccessRecord] = ()
    ) -> CodeMemory:
        """Put the code in force that the vendor made. Raises `Conflict` when another tenant of the site has it."""
        if code == codes.current and not wanting:
            return codes
        rental = wanting[0].rental if wanting else None
        return await self._take(claim, codes, code, how="made_by_vendor", rental=rental, wanting=wanting)

    async def _take(
        self,
        claim: ClaimedSubject,
        codes: CodeMemory,
        code: GateCode,
        *,
        how: str,
        rental: RentalId | None = None,
        wanting: Sequence[AccessRecord] = (),
    ) -> CodeMemory:
        entry = LedgerEntry(kind=LedgerKind.CODE, at=self._clock.now(), what=how, subject=claim.key, rental=rental)
        await self._records.take_code(claim, code, entry, wanting)
        earlier = codes.earlier if codes.current is None else (codes.current, *codes.earlier)
        return replace(codes, current=code, earlier=earlier)
