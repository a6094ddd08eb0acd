"""Observe and apply at a simulated gate.

Every change begins with a look-up by the person's key, so that it can be repeated after a crash at any point: what
exists is adopted, what is gone is done. One person is three calls at most: look, add, open.
"""

from collections.abc import Sequence

from adapters.simulator.client import GateClient
from adapters.simulator.mapping import check_target, entries_of, name_for, observed, shown_code
from adapters.simulator.options import SimulatorOptions
from adapters.simulator.wire import WirePerson
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    BridgeError,
    Change,
    Checkpoint,
    Conflict,
    EntryState,
    Finding,
    GateCode,
    Kind,
    Observed,
    Person,
    Ref,
    Rejected,
    TargetId,
    Unauthorized,
    Verdict,
)


class SimulatorAdapter:
    def __init__(self, options: SimulatorOptions, context: AdapterContext) -> None:
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
        return [Finding(subject=subject, verdict=Verdict.OK, text=text)]

    async def observe(self, person: Person, ref: Ref | None) -> Observed:
        return observed(await self._visit(person).find(ref))

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        target = None if change.target is None else check_target(change.target)
        visit = self._visit(person)
        people = await visit.find(ref)
        if change.kind is Kind.REMOVE_PERSON:
            await visit.remove(people)
            return None
        found = await visit.made_one(people)
        if change.kind is Kind.CHANGE_CODE:
            await visit.set_code(found, change.code)
        elif target is None:
            raise Rejected(f"{change.kind} needs a target")
        elif change.kind is Kind.GRANT or change.kind is Kind.RESUME:
            found = found or await visit.add(change.code, checkpoint)
            await visit.open(found, target, change.code)
        elif change.kind is Kind.SUSPEND:
            await visit.suspend(found, target)
        else:
            await visit.revoke(found, target)
        return None if found is None else {"id": found.id}

    def _visit(self, person: Person) -> "_Visit":
        return _Visit(self._gate.discreet(person.tenant), person)


class _Visit:
    """One change of one person."""

    def __init__(self, gate: GateClient, person: Person) -> None:
        self._gate = gate
        self._person = person

    async def find(self, ref: Ref | None) -> list[WirePerson]:
        """Return everybody under the person's key. Nobody is believed only if the id that we keep is gone as well."""
        found = await self._gate.find(self._person.key)
        known = None if ref is None else ref.get("id")
        if found or not isinstance(known, int):
            return found
        shown = await self._gate.show(known)
        if shown is not None and shown.external_key == self._person.key:
            raise Anomaly("the gate has the person, but its listing does not show them")
        return []

    async def made_one(self, people: Sequence[WirePerson]) -> WirePerson | None:
        """Return the person; where they were made twice, the first, with the others' entries, and the others removed.

        Entries are carried over before their holder goes, since some may be foreign; the next plan judges them all.
        """
        if not people:
            return None
        first, *doubles = people
        entries = {entry.target: entry for entry in first.access}
        for double in doubles:
            states = entries_of(double)
            for entry in double.access:
                if entry.target not in entries:
                    target = check_target(TargetId(entry.target))
                    await self._gate.set_entry(first.id, target, states[target])
                    entries[entry.target] = entry
            await self._gate.remove(double.id)
        return first.model_copy(update={"access": tuple(entries.values())})

    async def remove(self, people: Sequence[WirePerson]) -> None:
        for double in people:
            await self._gate.remove(double.id)

    async def add(self, code: GateCode | None, checkpoint: Checkpoint) -> WirePerson:
        if code is None:
            raise Rejected("a new person needs a gate code")
        try:
            new = await self._gate.add(external_key=self._person.key, name=name_for(self._person.tenant), code=code)
        except Conflict:
            # An earlier call that timed out may have come through after our look-up: then the code's holder is ours.
            late = await self.made_one(await self._gate.find(self._person.key))
            if late is None:
                raise
            return late
        await checkpoint({"id": new})
        return WirePerson(id=new, external_key=self._person.key, code=code, access=())

    async def open(self, person: WirePerson, target: TargetId, code: GateCode | None) -> None:
        """Open the target, the code first: where the gate masks codes, it is set again to be sure of it."""
        await self.set_code(person, code)
        if entries_of(person).get(target) is not EntryState.ACTIVE:
            await self._gate.set_entry(person.id, target, EntryState.ACTIVE)

    async def set_code(self, person: WirePerson | None, code: GateCode | None) -> None:
        if person is not None and code is not None and shown_code(person) != code:
            await self._gate.set_code(person.id, code)

    async def suspend(self, person: WirePerson | None, target: TargetId) -> None:
        if person is not None and entries_of(person).get(target) is EntryState.ACTIVE:
            await self._gate.set_entry(person.id, target, EntryState.SUSPENDED)

    async def revoke(self, person: WirePerson | None, target: TargetId) -> None:
        if person is not None and target in entries_of(person):
            await self._gate.remove_entry(person.id, target)
