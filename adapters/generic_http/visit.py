"""One change of one person: what is there is looked at first, and what is missing is done."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import replace

from adapters.generic_http.client import VendorClient
from adapters.generic_http.mapping import (
    check_target,
    ids_of,
    make_ref,
    same_code,
    targets_of,
    values_of,
    vouches,
    with_,
)
from adapters.generic_http.options import GenericHttpOptions
from adapters.generic_http.shape import Codes
from adapters.generic_http.templates import Values
from adapters.generic_http.wire import Entry, Record, VendorId
from bridge.sdk import Anomaly, Change, Checkpoint, GateCode, Person, Ref, Rejected, TargetId


async def look(client: VendorClient, values: Values, ref: Ref | None, targets: Collection[TargetId]) -> list[Record]:
    """Return all that the person has. What the reference knows and no listing shows is asked for once more.

    Raises `Anomaly` where it is there after all: then the listing proves nothing.
    """
    found = await client.find(values, targets)
    shown = {str(record.id) for record in found}
    unseen = [id_ for id_ in ids_of(ref) if str(id_) not in shown]
    if not unseen:
        return found
    if client.has("show"):
        is_there = any([await client.has_still(id_, values) for id_ in unseen])
    else:
        again = {str(record.id) for record in await client.find(values, targets)}
        is_there = bool(again & {str(id_) for id_ in unseen})
    if is_there:
        raise Anomaly("the vendor has what its listing does not show")
    return found


class Visit(ABC):
    """What a change may do. Only `open` makes somebody who is not there."""

    def __init__(
        self, client: VendorClient, person: Person, options: GenericHttpOptions, checkpoint: Checkpoint, ref: Ref | None
    ) -> None:
        self.client = client
        self.options = options
        self.makes_codes = options.capabilities.codes is Codes.MADE
        self.shows_codes = options.capabilities.shows_codes
        self.values = values_of(person.key, person.tenant, options.names)
        self.checkpoint = checkpoint
        self.targets = set(targets_of(ref))
        self._given_ref = ref
        self.records: list[Record] = []
        self.is_code_known = True

    @property
    def ref(self) -> Ref | None:
        """What to keep of the person."""
        if not self.records and not self.targets:
            return None
        targets = self.targets if self.client.finds_by_target else ()
        return make_ref([record.id for record in self.records], targets, is_code_known=self.is_code_known)

    async def begin(self, change: Change) -> None:
        """Look what is there. A vendor that lists by target is looked through whole where nothing is remembered."""
        if self.client.finds_by_target:
            if not self.targets:
                self.targets = {target.id for target in await self.client.list_targets()}
            if change.target is not None:
                self.targets.add(check_target(change.target))
        self.records = await look(self.client, self.values, self._given_ref, self.targets)
        if self.client.finds_by_target:
            at = {entry.target for record in self.records for entry in record.entries}
            self.targets &= at | set(targets_of(self._given_ref))
        ids = [record.id for record in self.records]
        self.is_code_known = self.shows_codes or not ids or vouches(self._given_ref, ids)

    @abstractmethod
    async def open(self, target: TargetId, code: GateCode | None) -> None: ...

    @abstractmethod
    async def resume(self, target: TargetId, code: GateCode | None) -> None: ...

    @abstractmethod
    async def suspend(self, target: TargetId) -> None: ...

    @abstractmethod
    async def revoke(self, target: TargetId) -> None: ...

    @abstractmethod
    async def change_code(self, code: GateCode | None) -> None: ...

    @abstractmethod
    async def remove(self) -> None: ...

    async def suspend_person(self) -> None:
        raise Rejected("this vendor suspends targets one by one")

    async def resume_person(self, code: GateCode | None) -> None:
        del code
        raise Rejected("this vendor resumes targets one by one")

    async def update_profile(self) -> None:
        for record in self.records:
            await self.client.do("update", self.of(record))

    def of(self, record: Record, entry: Entry | None = None, code: GateCode | None = None) -> Values:
        """Return the placeholders' values for a request about a record, with the code that it has or should have."""
        values = with_(self.values, code=code or record.code)
        if self.options.person is not None:
            values = with_(values, id=record.id)
        entry = entry or (record.entries[0] if self.options.person is None else None)
        return values if entry is None else with_(values, target=entry.target, entry_id=entry.id)

    async def doubt_code(self) -> None:
        """Where codes are masked, keep that this one is in doubt before it changes: nothing else would ever tell."""
        if not self.shows_codes and self.is_code_known:
            self.is_code_known = False
            await self.keep_ref()

    async def keep_ref(self) -> None:
        if self.ref is not None:
            await self.checkpoint.keep_ref(self.ref)

    async def give_code(self, record: Record, code: GateCode | None) -> Record:
        """Set the code, before any door is opened: where the vendor masks codes, again, to be sure of it."""
        if code is None or self.makes_codes or same_code(record.code, code):
            return record
        was_known = self.is_code_known
        await self.doubt_code()
        await self.client.do("set_code", self.of(record, code=code))
        changed = self.put(replace(record, code=code))
        self.is_code_known = self.shows_codes or was_known or all(same_code(one.code, code) for one in self.records)
        return changed

    def put(self, record: Record) -> Record:
        """Take a record up, or what it has become."""
        if record.id in [one.id for one in self.records]:
            self.records = [record if one.id == record.id else one for one in self.records]
        else:
            self.records.append(record)
        return record

    def drop(self, gone: Sequence[VendorId]) -> None:
        self.records = [record for record in self.records if record.id not in gone]
