"""A change at a vendor that keeps one person with one code for a tenant."""

from collections.abc import Sequence

from adapters.generic_http.mapping import check_target, same_code, with_
from adapters.generic_http.visit import Visit
from adapters.generic_http.wire import Entry, Record
from bridge.sdk import (
    Change,
    Conflict,
    EntryState,
    GateCode,
    NotYetConsistent,
    Rejected,
    SuspendScope,
    TargetId,
)


class PersonVisit(Visit):
    async def begin(self, change: Change) -> None:
        """Look, and make one person of several: one who is not suspended stays before one who is.

        What the others have open is carried over before they go, since some of it may be foreign; what they have closed
        is not, since it would be open for a moment.
        """
        await super().begin(change)
        if len(self.records) > 1 and not change.is_removal:
            await self._mend(change.code)

    async def open(self, target: TargetId, code: GateCode | None) -> None:
        person = await self._met(code)
        entries = [entry for entry in person.entries if entry.target == target]
        if not entries:
            await self._grant(person, target, code)
        elif self._suspends_targets and all(entry.state is EntryState.SUSPENDED for entry in entries):
            await self.client.do("resume", self.of(person, entries[0], code))

    async def resume(self, target: TargetId, code: GateCode | None) -> None:
        if self.records:
            person = await self._met(code)
            closed = [e for e in person.entries if e.target == target and e.state is EntryState.SUSPENDED]
            for entry in closed:
                await self.client.do("resume", self.of(person, entry, code))

    async def suspend(self, target: TargetId) -> None:
        for record in self.records:
            for entry in record.entries:
                if entry.target == target and entry.state is EntryState.ACTIVE:
                    await self.client.do("suspend", self.of(record, entry))

    async def suspend_person(self) -> None:
        for record in self.records:
            if not record.is_suspended:
                await self.client.do("suspend", self.of(record))

    async def resume_person(self, code: GateCode | None) -> None:
        for record in self.records:
            person = await self.give_code(record, code)
            if person.is_suspended:
                await self.client.do("resume", self.of(person, code=code))

    async def revoke(self, target: TargetId) -> None:
        for record in self.records:
            for entry in record.entries:
                if entry.target == target:
                    await self.client.do("revoke", self.of(record, entry))

    async def change_code(self, code: GateCode | None) -> None:
        for record in self.records:
            if not self.makes_codes:
                await self.give_code(record, code)
                continue
            await self.doubt_code()
            told = await self.client.do("set_code", self.of(record))
            await self._keep_code(told.code or await self._shown_code(other_than=record.code))

    async def remove(self) -> None:
        for record in self.records:
            await self.client.do("remove", self.of(record))

    @property
    def _suspends_targets(self) -> bool:
        return self.options.capabilities.suspends is SuspendScope.TARGET

    async def _met(self, code: GateCode | None) -> Record:
        """Return the person with the code, made if they are not there, before any door is opened for them."""
        person = await self.give_code(self.records[0] if self.records else await self._add(code), code)
        if person.is_suspended and self._suspends_targets:
            raise Rejected("somebody suspended the whole person at the vendor by hand: it has to be lifted there")
        return person

    async def _add(self, code: GateCode | None) -> Record:
        has_code = self.client.gives_code_in("create")
        try:
            told = await self.client.do("create", with_(self.values, code=code))
        except Conflict:
            # An earlier call without an answer may have come through after our look-up: then its holder is ours.
            if not await self._find_again(code):
                raise
            return self.records[0]
        if told.code is not None:
            await self._keep_code(told.code)
        if told.id is None:
            if not await self._find_again(code):
                raise NotYetConsistent("the vendor took the person, and does not list them yet")
        else:
            made = code if has_code else told.code
            self.put(Record(id=told.id, code=made))
            self.is_code_known = self.shows_codes or made is not None
        if self.makes_codes and told.code is None:
            await self._keep_code(await self._shown_code(other_than=None))
        await self.keep_ref()
        return self.records[0]

    async def _grant(self, person: Record, target: TargetId, code: GateCode | None) -> None:
        await self.client.do("grant", with_(self.of(person, code=code), target=check_target(target)))

    async def _find_again(self, code: GateCode | None) -> Sequence[Record]:
        self.records = await self.client.find(self.values)
        self.is_code_known = self.shows_codes
        if len(self.records) > 1:
            await self._mend(code)
        return self.records

    async def _mend(self, code: GateCode | None) -> None:
        kept, *doubles = sorted(self.records, key=lambda one: (one.is_suspended, not same_code(one.code, code)))
        held = {entry.target for entry in kept.entries}
        carried: list[Entry] = []
        for double in doubles:
            for entry in double.entries:
                if entry.target not in held and _may_be_carried(double, entry, kept):
                    await self._grant(kept, entry.target, code)
                    held.add(entry.target)
                    carried.append(entry)
            await self.client.do("remove", self.of(double))
            self.drop([double.id])
        if carried:
            # Entries have ids of their own for the kept person: they are read, not guessed.
            self.records = [one for one in await self.client.find(self.values) if one.id == kept.id]
            if not self.records:
                raise NotYetConsistent("the vendor does not list the person who was kept")

    async def _shown_code(self, other_than: GateCode | None) -> GateCode:
        """Return the code that the vendor has just made, where its look-up is what tells it."""
        shown = [record.code for record in await self.client.find(self.values)]
        code = shown[0] if len(shown) == 1 else None
        if code is None or code == other_than:
            raise NotYetConsistent("the vendor does not show the code that it made yet")
        return code

    async def _keep_code(self, code: GateCode) -> None:
        await self.checkpoint.keep_code(code)
        self.is_code_known = True


def _may_be_carried(double: Record, entry: Entry, kept: Record) -> bool:
    """Tell whether an entry keeps its state when the kept person is given it."""
    is_open = entry.state is EntryState.ACTIVE
    return is_open and (kept.is_suspended or not double.is_suspended)
