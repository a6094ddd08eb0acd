"""Putting tenants right on demand: plan, compare with what was approved, and have it done as an operation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Outdated, StoreUnavailable, inert
from bridge.domain.ids import RentalId, SubjectKey
from bridge.domain.operations import NewOperation, Operation
from bridge.domain.proposal import DIGEST_LENGTH, Approvable, PlannedSubject, Proposal, Standing
from bridge.domain.whom import Selection
from bridge.ports.approvals import ApprovalBook
from bridge.ports.clock import Clock
from bridge.ports.drift import SightMemory
from bridge.ports.store import Priority
from bridge.service.operations import Operations
from bridge.telemetry import get_logger

FEW: Final = 20
"""So many tenants are put right at once, as if somebody stood at the gate; more go behind everything that is live."""
RESYNC: Final = "resync"

MakePlan = Callable[[Selection], Awaitable[Proposal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resynced:
    """The plan, and the operation that does it: None where nothing is to be done."""

    proposal: Proposal
    marked: tuple[SubjectKey, ...]
    priority: Priority
    operation: Operation | None = None

    @property
    def is_live(self) -> bool:
        return self.priority is Priority.LIVE


class Resyncer:
    """The worker does the work, so that a resync goes on whatever becomes of who asked for it, and of the process.

    A person wants it: what somebody at the vendor has changed is put back, whatever the site's policy of drift is.

    Plans that were made are kept by their digest until they expire.
    """

    def __init__(
        self,
        *,
        make_plan: MakePlan,
        operations: Operations,
        approvals: ApprovalBook,
        sights: SightMemory,
        clock: Clock,
    ) -> None:
        self._make_plan = make_plan
        self._operations = operations
        self._approvals = approvals
        self._sights = sights
        self._clock = clock
        self._log = get_logger()

    async def plan(self, selection: Selection) -> Proposal:
        """Return what would be done now, and keep its digest for an approval. Changes nothing else."""
        proposal = await self._make_plan(selection)
        try:
            await self._approvals.keep_approvable(Approvable.of(proposal))
        except StoreUnavailable as error:  # what would be done can be told all the same
            self._log.warning("plan.not_kept", why=str(error))
        return proposal

    async def resync(self, selection: Selection, *, who: str, approved: str | None = None) -> Resynced:
        """Plan again, and begin an operation for those for whom there is something to do, or who could not be read.

        With `approved`, the digest of a plan that was kept, only where the new plan has the same: else raises
        `Outdated` with what differs. Raises `AlreadyRunning` where one of many is to be done twice at a site.
        """
        plan = None if approved is None else await self._approved(approved)
        proposal = await self._make_plan(selection)
        if plan is not None and plan.digest != proposal.digest():
            raise Outdated(f"the plan is not what would be done now: {plan.differs_from(proposal)}")
        sightings = tuple(Sighting(subject=one.subject, rental=_one_of(one)) for one in proposal.to_run if one.rentals)
        priority = Priority.LIVE if len(sightings) <= FEW else Priority.SWEEP
        keys = tuple(seen.subject for seen in sightings)
        operation = None
        if sightings:
            new = NewOperation(
                kind=RESYNC,
                who=who,
                at=self._clock.now(),
                asked=selection.words(),
                digest=proposal.digest(),
                priority=priority,
                sightings=sightings,
                seconds=proposal.seconds,
            )
            await self._sights.forget_sights(keys)
            operation = await self._operations.begin(new)
        return Resynced(proposal=proposal, marked=keys, priority=priority, operation=operation)

    async def _approved(self, digest: str) -> Approvable:
        word = inert(digest.strip().lower(), DIGEST_LENGTH)
        plan = await self._approvals.find_approvable(word) if word else None
        if plan is None or plan.expires_at <= self._clock.now():
            raise Outdated(f"plan {word or 'without a digest'} was not made in the last 15 minutes: make a new one")
        return plan


def _one_of(planned: PlannedSubject) -> RentalId:
    """Return a rental by which the tenant is known: one that is over, and was never heard of, stays unheard of."""
    needs = (rental.rental for rental in planned.rentals if rental.standing is not Standing.UNCHANGED)
    return next(needs, planned.rentals[0].rental)
