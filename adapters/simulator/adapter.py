"""Observe and apply at a simulated gate.

Every change begins with a look-up by the person's key, so that it can be repeated after a crash at any point: what
exists is adopted, what is gone is done. One person is three calls at most: look, add, open.
"""

from collections.abc import Collection, Sequence

from adapters.simulator.client import GateClient
from adapters.simulator.mapping import check_target, differing, observed
from adapters.simulator.options import SimulatorOptions
from adapters.simulator.survey import GateSurvey
from adapters.simulator.visit import Visit, find
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
    Survey,
    Target,
    TargetId,
    Unauthorized,
    Verdict,
    inert,
    is_safe_target,
)


class SimulatorAdapter:
    def __init__(self, options: SimulatorOptions, context: AdapterContext) -> None:
        self._options = options
        self._gate = GateClient(options, context)
        self._site = context.site

    async def check(self) -> Sequence[Finding]:
        subject = f"gate of site {self._site}"
        try:
            about = await self._gate.about()
        except Unauthorized as error:
            advice = "Set the site's options.api_key to the key that the gate was started with."
            return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
        except BridgeError as error:
            advice = "Start the gate (gatebridge sandbox gate), or correct the site's options.url and id."
            return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
        text = f"answers; it has {about.people} people and {len(about.targets)} targets"
        warnings = [
            Finding(
                subject=subject,
                verdict=Verdict.WARNING,
                text=f"options.{key} is not what the gate says of itself: {inert(word, 40)}",
                advice=f"Set the site's options.{key} to what the gate says, or start another kind of gate.",
            )
            for key, word in differing(self._options, about.kind).items()
        ]
        return [Finding(subject=subject, verdict=Verdict.OK, text=text), *warnings]

    async def targets(self) -> Sequence[Target]:
        names = (await self._gate.about()).targets
        return [Target(id=TargetId(name), name=name, kind="door") for name in names if is_safe_target(name)]

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        del targets  # the controller lists by person
        return observed(await find(self._gate.discreet(person.tenant), person, ref), ref)

    async def survey(self) -> Survey:
        return GateSurvey(await self._gate.everybody())

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        target = None if change.target is None else check_target(change.target)
        gate = self._gate.discreet(person.tenant)
        people = await find(gate, person, ref)
        if change.kind is Kind.REMOVE_PERSON:
            for double in people:
                await gate.remove(double.id)
            return None
        visit = Visit(gate, person, self._options, checkpoint)
        await visit.meet(people, ref)
        if target is None:
            await _change_person(change, visit)
        else:
            await _change_target(change, target, visit)
        return visit.ref


async def _change_person(change: Change, visit: Visit) -> None:
    match change.kind:
        case Kind.CHANGE_CODE:
            await visit.change_code(change.code)
        case Kind.UPDATE_PERSON:
            await visit.update_profile()
        case Kind.SUSPEND:
            await visit.suspend_person()
        case _:
            await visit.resume_person(change.code)


async def _change_target(change: Change, target: TargetId, visit: Visit) -> None:
    match change.kind:
        case Kind.SUSPEND:
            await visit.suspend(target)
        case Kind.REVOKE:
            await visit.revoke(target)
        case _:
            await visit.open(target, change.code)
