"""The sandbox's gate controller, as the conformance kit asks for it."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

from starlette.types import ASGIApp

from bridge.sandbox.gate import GateKind, GateSettings, open_gate
from bridge.sandbox.gate.people import EntryState
from bridge.sdk import TargetId
from bridge.testing.simulation import SimulatedClock

SITE: Final = "site-1"
DOORS: Final = ("B-014", "B-021", "B-030")
CAPACITY: Final = 200
PAGE_SIZE: Final = 50


class GateSimulation:
    """One controller of a kind, with one site; whoever has no external key was added by hand."""

    refusals_in_success = (b'{"ok": false, "site": "site-1", "error": {"code": "internal", "text": "try later"}}',)

    def __init__(self, clock: SimulatedClock, kind: GateKind) -> None:
        settings = GateSettings(strict={SITE: frozenset(DOORS)}, kind=kind, capacity=CAPACITY, page_size=PAGE_SIZE)
        self._gate = open_gate(settings, clock)
        self._site = self._gate.controller.site(SITE)
        self._kind = kind
        self._numbers = count(100_001, 7)

    @property
    def app(self) -> ASGIApp:
        return self._gate.app

    @property
    def options(self) -> Mapping[str, Any]:
        return {"url": "http://127.0.0.1:9100", **self._kind.model_dump(mode="json")}

    @property
    def doors(self) -> Sequence[TargetId]:
        return [TargetId(door) for door in DOORS]

    def opens(self, code: str, door: TargetId) -> bool:
        return self._gate.keypad.type_code(site=SITE, target=door, code=code).opened

    def credentials(self, door: TargetId) -> int:
        return sum(door in person.access for person in self._site.people)

    def made(self) -> int:
        return sum(person.external_key is not None for person in self._site.people)

    def code_lives_with(self) -> str:
        return "person"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        person = self._site.add(external_key=None, name=name, code=code)
        person.access[door] = EntryState.ACTIVE

    def by_hand(self) -> Any:
        strangers = [person for person in self._site.people if person.external_key is None]
        return [(p.id, p.name, p.code.reveal(), p.suspended, dict(p.access)) for p in strangers]

    def rename_made(self, name: str) -> None:
        for person in self._site.people:
            person.name = person.name if person.external_key is None else name

    def fill(self) -> bool:
        self.crowd(CAPACITY - len(self._site.people))
        return True

    def crowd(self, people: int) -> None:
        for number in range(people):
            self._site.add(external_key=None, name=f"Somebody {number}", code=str(next(self._numbers)))
