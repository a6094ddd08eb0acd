"""Observe and apply with Seam's access codes: one for each tenant at each of their locks.

Every change begins with a look at the locks it is about, for codes that bear the person's mark, so that it can be
repeated after a crash at any point: what exists is adopted, what is gone is done.
"""

from collections.abc import Collection, Sequence

from adapters.seam.client import SeamClient
from adapters.seam.facts import facts_of
from adapters.seam.known import Known
from adapters.seam.mapping import observed, targets_of
from adapters.seam.options import SeamCodesOptions
from adapters.seam.rpc import SeamRpc
from adapters.seam.visit import Visit, look
from bridge.sdk import (
    AdapterContext,
    BridgeError,
    Change,
    Checkpoint,
    Finding,
    Kind,
    Observed,
    Person,
    Ref,
    Rejected,
    Target,
    TargetId,
    Unauthorized,
    Verdict,
    is_safe_target,
)


class SeamAdapter:
    def __init__(self, options: SeamCodesOptions, context: AdapterContext) -> None:
        self._options = options
        self._seam = SeamClient(SeamRpc(options, context))
        self._site = context.site

    async def check(self) -> Sequence[Finding]:
        subject = f"Seam for site {self._site}"
        try:
            workspace, locks = await self._seam.workspace(), await self._seam.locks()
        except Unauthorized as error:
            advice = "Set the site's options.api_key to a key of the workspace (Seam's console, Developer, API Keys)."
            return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
        except BridgeError as error:
            advice = "Try again later; if it stays, look at the site's options.url and at Seam's status page."
            return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
        return facts_of(subject, workspace, locks, self._options)

    async def targets(self) -> Sequence[Target]:
        return targets_of(await self._seam.locks())

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        seam, known = self._seam.discreet(person.tenant), Known.of(ref, targets)
        devices = sorted(set(targets) | known.codes.keys())
        found = {device: await look(seam, person, device, known) for device in devices}
        return observed(found, self._options.confirm)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        if change.target is not None and not is_safe_target(change.target):
            raise Rejected("the target is not the id of a lock at Seam")
        visit = Visit(self._seam.discreet(person.tenant), person, self._options, ref, checkpoint)
        if change.target is None:
            await _change_person(change, visit)
        else:
            await _change_lock(change, change.target, visit)
        return visit.ref


async def _change_person(change: Change, visit: Visit) -> None:
    match change.kind:
        case Kind.CHANGE_CODE:
            await visit.change_code(change.code)
        case Kind.UPDATE_PERSON:
            await visit.rename()
        case Kind.REMOVE_PERSON:
            await visit.remove_everything()


async def _change_lock(change: Change, device: TargetId, visit: Visit) -> None:
    match change.kind:
        case Kind.SUSPEND:
            await visit.suspend(device)
        case Kind.REVOKE:
            await visit.revoke(device)
        case _:
            await visit.open(device, change.code, may_make=change.kind is Kind.GRANT)
