"""A change at a vendor that keeps a thing for each target, each with the code."""

from adapters.generic_http.mapping import check_target, same_code, with_
from adapters.generic_http.visit import Visit
from adapters.generic_http.wire import Entry, Record
from bridge.sdk import Conflict, EntryState, GateCode, NotYetConsistent, TargetId


class EntryVisit(Visit):
    async def open(self, target: TargetId, code: GateCode | None) -> None:
        record = await self._one_at(target, code) or await self._add(target, code)
        await self._activate(record, code)

    async def resume(self, target: TargetId, code: GateCode | None) -> None:
        record = await self._one_at(target, code)
        if record is not None:
            await self._activate(record, code)

    async def suspend(self, target: TargetId) -> None:
        record = await self._one_at(target, None)
        if record is not None and _state(record) is EntryState.ACTIVE:
            await self.client.do("suspend", self.of(record))

    async def revoke(self, target: TargetId) -> None:
        for record in self._at(target):
            await self._take_away(record)
        self.targets.discard(target)

    async def change_code(self, code: GateCode | None) -> None:
        for target in sorted({entry.target for record in self.records for entry in record.entries}):
            record = await self._one_at(target, code)
            if record is not None:
                await self.give_code(record, code)

    async def remove(self) -> None:
        for record in list(self.records):
            await self._take_away(record)

    def _at(self, target: TargetId) -> list[Record]:
        return [record for record in self.records if record.entries[0].target == target]

    async def _one_at(self, target: TargetId, code: GateCode | None) -> Record | None:
        """Return what is at the target, made one: an open one stays before a closed one, and one with the code."""
        found = sorted(self._at(target), key=lambda one: (_state(one) is not EntryState.ACTIVE, not _has(one, code)))
        for double in found[1:]:
            await self._take_away(double)
        return found[0] if found else None

    async def _activate(self, record: Record, code: GateCode | None) -> None:
        record = await self.give_code(record, code)
        if _state(record) is EntryState.SUSPENDED:
            await self.client.do("resume", self.of(record, code=code))

    async def _add(self, target: TargetId, code: GateCode | None) -> Record:
        if self.client.finds_by_target and target not in self.targets:
            # Kept before it is made: after a crash, nothing else would tell where to look.
            self.targets.add(target)
            await self.keep_ref()
        try:
            told = await self.client.do("grant", with_(self.values, target=check_target(target), code=code))
        except Conflict:
            # An earlier call without an answer may have come through after our look-up: then its holder is ours.
            if not await self._find_again(target):
                raise
            return self._at(target)[0]
        if told.id is not None:
            made = self.put(Record(id=told.id, code=code, entries=(_open(target, told.id),)))
        elif await self._find_again(target):
            made = self._at(target)[0]
        else:
            raise NotYetConsistent("the vendor took the entry, and does not list it yet")
        await self.keep_ref()
        return made

    async def _find_again(self, target: TargetId) -> bool:
        known = [record.id for record in self.records]
        for record in await self.client.find(self.values, {target}):
            if record.id not in known and record.entries[0].target == target:
                self.put(record)
                self.is_code_known = self.shows_codes
        return bool(self._at(target))

    async def _take_away(self, record: Record) -> None:
        await self.client.do("revoke", self.of(record))
        self.drop([record.id])


def _open(target: TargetId, id_: str | int) -> Entry:
    return Entry(target=target, state=EntryState.ACTIVE, id=id_)


def _state(record: Record) -> EntryState:
    return record.entries[0].state


def _has(record: Record, code: GateCode | None) -> bool:
    return same_code(record.code, code)
