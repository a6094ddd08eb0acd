"""One change of one person at the gate: they are met as they are found, and what is missing is done."""

from collections.abc import Sequence

from adapters.simulator.client import GateClient
from adapters.simulator.mapping import (
    check_target,
    entries_of,
    knows_code,
    make_ref,
    own_states,
    profile_for,
    profile_of,
    shown_code,
)
from adapters.simulator.options import Codes, SimulatorOptions
from adapters.simulator.wire import WirePerson
from bridge.sdk import (
    Anomaly,
    Checkpoint,
    Conflict,
    EntryState,
    GateCode,
    Person,
    Ref,
    Rejected,
    SuspendScope,
    TargetId,
)


async def find(gate: GateClient, person: Person, ref: Ref | None) -> list[WirePerson]:
    """Return everybody under the person's key. Nobody is believed only if the id that we keep is gone as well."""
    found = await gate.find(person.key)
    known = None if ref is None else ref.get("id")
    if found or not isinstance(known, int):
        return found
    shown = await gate.show(known)
    if shown is not None and shown.external_key == person.key:
        raise Anomaly("the gate has the person, but its listing does not show them")
    return []


class Visit:
    """What a change may do. All but `open` leave somebody who is not there alone."""

    def __init__(self, gate: GateClient, person: Person, options: SimulatorOptions, checkpoint: Checkpoint) -> None:
        self._gate = gate
        self._person = person
        self._makes_codes = options.codes is Codes.MADE
        self._suspends_targets = options.suspends is SuspendScope.TARGET
        self._checkpoint = checkpoint
        self._found: WirePerson | None = None
        self._is_code_known = False

    @property
    def ref(self) -> Ref | None:
        """What to keep of the person."""
        return None if self._found is None else make_ref(self._found.id, is_code_known=self._is_code_known)

    async def meet(self, people: Sequence[WirePerson], ref: Ref | None) -> None:
        """Take up who was found; where they were made twice, make one of them.

        One who is not suspended stays before one who is. What the others had is carried over before they go, since some
        of it may be foreign: the next plan judges it all.
        """
        if not people:
            return
        kept, *doubles = sorted(people, key=lambda person: (person.suspended, person.id))
        self._found, self._is_code_known = kept, knows_code(ref, kept)
        entries = {entry.target: entry for entry in kept.access}
        for double in doubles:
            states = entries_of(double)
            for entry in double.access:
                if entry.target not in entries and await self._carry(TargetId(entry.target), states, kept):
                    entries[entry.target] = entry
            await self._gate.remove(double.id)
        self._found = kept.model_copy(update={"access": tuple(entries.values())})

    async def open(self, target: TargetId, code: GateCode | None) -> None:
        """Open the target for the person, who is made if they are not there; a suspended person may stay so."""
        person = self._found = self._found or await self._add(code)
        await self._give_code(person, code)
        states = own_states(person)
        if person.suspended and self._suspends_targets:
            # What was hung on the whole person comes off below, and must open no other door.
            for other in states:
                if other != target and states[other] is EntryState.ACTIVE:
                    await self._gate.set_entry(person.id, other, EntryState.SUSPENDED)
        if states.get(target) is not EntryState.ACTIVE:
            await self._gate.set_entry(person.id, target, EntryState.ACTIVE)
        if person.suspended and self._suspends_targets:
            await self._gate.resume(person.id)

    async def change_code(self, code: GateCode | None) -> None:
        if self._found is None:
            return
        if not self._makes_codes:
            await self._give_code(self._found, code)
            return
        await self._doubt_code(self._found)
        await self._keep_code(await self._gate.make_code(self._found.id))

    async def update_profile(self) -> None:
        profile = profile_for(self._person.tenant)
        if self._found is not None and profile_of(self._found) != profile:
            await self._gate.set_profile(self._found.id, profile)

    async def suspend(self, target: TargetId) -> None:
        if self._found is not None and entries_of(self._found).get(target) is EntryState.ACTIVE:
            await self._gate.set_entry(self._found.id, target, EntryState.SUSPENDED)

    async def suspend_person(self) -> None:
        if self._found is not None and not self._found.suspended:
            await self._gate.suspend(self._found.id)

    async def resume_person(self, code: GateCode | None) -> None:
        if self._found is None:
            return
        await self._give_code(self._found, code)
        for target, state in own_states(self._found).items():
            if state is EntryState.SUSPENDED:
                await self._gate.set_entry(self._found.id, target, EntryState.ACTIVE)
        if self._found.suspended:
            await self._gate.resume(self._found.id)

    async def revoke(self, target: TargetId) -> None:
        if self._found is not None and target in entries_of(self._found):
            await self._gate.remove_entry(self._found.id, target)

    async def _add(self, code: GateCode | None) -> WirePerson:
        key, profile = self._person.key, profile_for(self._person.tenant)
        if self._makes_codes:
            made = await self._gate.add_with_made_code(external_key=key, profile=profile)
            await self._keep_code(made.code)
            id_, code = made.id, made.code
        elif code is None:
            raise Rejected("a new person needs a gate code")
        else:
            try:
                id_ = await self._gate.add(external_key=key, profile=profile, code=code)
            except Conflict:
                # An earlier call that timed out may have come through after our look-up: then its holder is ours.
                await self.meet(await self._gate.find(key), None)
                if self._found is None:
                    raise
                return self._found
        self._is_code_known = True
        await self._checkpoint.keep_ref(make_ref(id_, is_code_known=True))
        return WirePerson(id=id_, external_key=key, suspended=False, code=code, access=(), **profile)

    async def _give_code(self, person: WirePerson, code: GateCode | None) -> None:
        """Set the code, before any door is opened: where the gate masks codes, again, to be sure of it."""
        if code is None or self._makes_codes:
            return
        if shown_code(person) != code:
            await self._doubt_code(person)
            await self._gate.set_code(person.id, code)
        self._is_code_known = True

    async def _doubt_code(self, person: WirePerson) -> None:
        """Where codes are masked, keep that this one is in doubt before it changes: nothing else would ever tell."""
        if shown_code(person) is None:
            self._is_code_known = False
            await self._checkpoint.keep_ref(make_ref(person.id, is_code_known=False))

    async def _keep_code(self, code: GateCode) -> None:
        await self._checkpoint.keep_code(code)
        self._is_code_known = True

    async def _carry(self, target: TargetId, states: dict[TargetId, EntryState], kept: WirePerson) -> bool:
        """Give `kept` a double's entry, in its state; where no closed entry can be given, none is, and say so."""
        state = states[check_target(target)]
        if state is EntryState.SUSPENDED and not self._suspends_targets:
            if not kept.suspended:
                return False
            state = EntryState.ACTIVE
        await self._gate.set_entry(kept.id, target, state)
        return True
