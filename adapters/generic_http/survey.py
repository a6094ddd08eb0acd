"""Everybody at the vendor, from one reading of a list that is not asked by mark."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from adapters.generic_http.client import VendorClient
from adapters.generic_http.mapping import MARK, ids_of, is_double, mark_text, observed
from adapters.generic_http.options import GenericHttpOptions
from adapters.generic_http.shape import MarkHolds, Shape
from adapters.generic_http.wire import Record, marks_in, read_id
from bridge.sdk import Anomaly, EntryState, Observed, Person, Ref, Stranger, TargetId, inert

_KEY: Final = re.compile(r"[^\s:]+:[^\s:]+:[^\s:]+")


async def survey_of(client: VendorClient, options: GenericHttpOptions) -> "ListSurvey":
    return ListSurvey(client, options, await client.everybody())


class ListSurvey:
    def __init__(self, client: VendorClient, options: GenericHttpOptions, items: Sequence[Any]) -> None:
        self._client = client
        self._options = options
        self._holder = options.person or options.entry
        self._items = items
        self._by_mark: dict[str, list[Any]] = {}
        for item in items:
            for mark in marks_in(item, self._holder):
                self._by_mark.setdefault(mark, []).append(item)

    def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed | None:
        del targets  # the list is of all of them
        found = self._client.read_listed(self._by_mark.get(self._mark(person.key), ()))
        if {str(id_) for id_ in ids_of(ref)} - {str(record.id) for record in found}:
            return None
        has_doubles = len(found) > 1 if self._options.shape is Shape.PERSON else is_double(found)
        return observed(found, ref, shows_codes=self._options.capabilities.shows_codes, has_doubles=has_doubles)

    def strangers(self, known: Mapping[str, Ref | None]) -> Sequence[Stranger]:
        marks = {self._mark(key) for key in known}
        return [
            self._stranger(item, marks_of)
            for item in self._items
            if not marks & (marks_of := set(marks_in(item, self._holder)))
        ]

    def _stranger(self, item: Any, marks: Collection[str]) -> Stranger:
        form = MARK if self._holder.mark_holds is MarkHolds.MARK else _KEY
        is_ours = any(form.fullmatch(mark) for mark in marks)
        id_ = "?" if self._holder.id is None else inert(str(read_id(item, self._holder.id, "somebody")))
        entries = self._entries(item) if is_ours else None
        return Stranger(id=id_, is_ours=is_ours, entries=entries or {}, tells_doors=entries is not None)

    def _entries(self, item: Any) -> dict[TargetId, EntryState] | None:
        """Return what the bridge's own kind of thing opens, None where it cannot be read; others' have any form."""
        try:
            (record,) = self._client.read_listed([item])
        except Anomaly:
            return None
        return {entry.target: _state(record, entry.state) for entry in record.entries}

    def _mark(self, key: str) -> str:
        return mark_text(key, self._holder.mark_holds)


def _state(record: Record, state: EntryState) -> EntryState:
    return EntryState.SUSPENDED if record.is_suspended else state
