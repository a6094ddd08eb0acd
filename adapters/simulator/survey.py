"""Everybody at the gate, from one reading of its list."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from adapters.simulator.mapping import observed, seen_by_strangers
from adapters.simulator.wire import WirePerson
from bridge.sdk import Observed, Person, Ref, Stranger, TargetId


class GateSurvey:
    def __init__(self, people: Sequence[WirePerson]) -> None:
        self._people = people
        self._by_key: defaultdict[str, list[WirePerson]] = defaultdict(list)
        for person in people:
            if person.external_key is not None:
                self._by_key[person.external_key].append(person)

    def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed | None:
        del targets  # the controller lists by person
        found = self._by_key.get(person.key, [])
        if not found and ref is not None:
            return None  # who was there once is looked for by id too before they are believed gone
        return observed(found, ref)

    def strangers(self, known: Mapping[str, Ref | None]) -> Sequence[Stranger]:
        return [
            Stranger(id=str(person.id), is_ours=person.external_key is not None, entries=seen_by_strangers(person))
            for person in self._people
            if person.external_key not in known
        ]
