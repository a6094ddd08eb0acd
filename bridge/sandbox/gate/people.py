"""Who is known at a site, with which code, and what each may open."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from typing import Final

from bridge.domain.credential import GateCode
from bridge.sandbox.gate.refusals import GateRefused, Refusal
from bridge.sandbox.gate.settings import GateSettings

CODE_DIGITS: Final = 6
MAX_NAME: Final = 40
MAX_TEXT: Final = 256
FIRST_ID: Final = 1001


class EntryState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(slots=True, kw_only=True)
class GatePerson:
    """Somebody with a code. `external_key` is None for people who were added by hand."""

    id: int
    external_key: str | None
    name: str
    code: GateCode
    access: dict[str, EntryState] = field(default_factory=dict)


class Site:
    """One site's people and targets. Refuses a code twice, but not an external key: real controllers do the same."""

    def __init__(self, name: str, settings: GateSettings, ids: Iterator[int]) -> None:
        self.name = name
        self.targets: set[str] = set() if settings.strict is None else set(settings.strict[name])
        self._settings = settings
        self._ids = ids
        self._people: dict[int, GatePerson] = {}

    def rehearsal(self) -> "Site":
        """Return a copy that changes may be made to without any effect."""
        site = Site(self.name, self._settings, self._ids)
        site.targets = set(self.targets)
        site._people = {id_: replace(p, access=dict(p.access)) for id_, p in self._people.items()}
        return site

    @property
    def people(self) -> Sequence[GatePerson]:
        """All people, by rising id."""
        return [self._people[id_] for id_ in sorted(self._people)]

    def person(self, id_: int) -> GatePerson:
        if id_ not in self._people:
            raise GateRefused(Refusal.NOT_FOUND, f"no person {id_}")
        return self._people[id_]

    def holder(self, code: GateCode) -> GatePerson | None:
        return next((person for person in self._people.values() if person.code == code), None)

    def add(self, *, external_key: str | None, name: str, code: str) -> GatePerson:
        name, gate_code = _checked_name(name), self._free_code(code, None)
        if self._settings.capacity is not None and len(self._people) >= self._settings.capacity:
            raise GateRefused(Refusal.CAPACITY, "all places are taken")
        person = GatePerson(id=next(self._ids), external_key=external_key, name=name, code=gate_code)
        self._people[person.id] = person
        return person

    def edit(self, id_: int, *, name: str | None, code: str | None) -> None:
        """Change name, code or both; nothing is changed when either is refused."""
        person = self.person(id_)
        new_name = person.name if name is None else _checked_name(name)
        new_code = person.code if code is None else self._free_code(code, person)
        person.name, person.code = new_name, new_code

    def remove(self, id_: int) -> None:
        del self._people[self.person(id_).id]

    def let(self, id_: int, target: str, state: EntryState) -> None:
        person = self.person(id_)
        self.name_target(target)
        if target not in self.targets:
            raise GateRefused(Refusal.UNKNOWN_TARGET, "no such target")
        person.access[target] = state

    def forbid(self, id_: int, target: str) -> None:
        if self.person(id_).access.pop(target, None) is None:
            raise GateRefused(Refusal.NOT_FOUND, f"person {id_} has no such entry")

    def name_target(self, target: str) -> None:
        """Make the target exist, unless the site is strict."""
        if self._settings.strict is None and target:
            self.targets.add(target[:MAX_TEXT])

    def _free_code(self, text: str, owner: GatePerson | None) -> GateCode:
        if not is_code(text):
            raise GateRefused(Refusal.BAD_CODE, f"a code has {CODE_DIGITS} digits")
        code = GateCode(text)
        holder = self.holder(code)
        if holder is not None and holder is not owner:
            raise GateRefused(Refusal.CODE_IN_USE, "somebody else has this code")
        return code


class Controller:
    """All sites of one controller. Ids are never used twice, not even at another site."""

    def __init__(self, settings: GateSettings) -> None:
        self._settings = settings
        self._ids = count(FIRST_ID)
        self._sites: dict[str, Site] = {name: self._make(name) for name in settings.strict or {}}

    def site(self, name: str) -> Site:
        """Return the site, which exists from now on, unless the controller is strict."""
        if name not in self._sites:
            if self._settings.strict is not None or not 0 < len(name) <= MAX_TEXT:
                raise GateRefused(Refusal.UNKNOWN_SITE, "no such site")
            self._sites[name] = self._make(name)
        return self._sites[name]

    @property
    def sites(self) -> Sequence[Site]:
        return [self._sites[name] for name in sorted(self._sites)]

    def _make(self, name: str) -> Site:
        return Site(name, self._settings, self._ids)


def is_code(text: object) -> bool:
    return isinstance(text, str) and len(text) == CODE_DIGITS and text.isascii() and text.isdigit()


def _checked_name(name: str) -> str:
    if not 0 < len(name) <= MAX_NAME or not name.isprintable() or not name.strip():
        raise GateRefused(Refusal.BAD_NAME, f"a name has 1 to {MAX_NAME} printable characters")
    return name
