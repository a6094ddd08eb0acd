"""Who is known at a site, with which code, and what each may open."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from typing import Final

from bridge.domain.credential import GateCode
from bridge.sandbox.gate.refusals import GateRefused, Refusal
from bridge.sandbox.gate.settings import GateSettings

CODE_DIGITS: Final = 6
DIGITS: Final = "0123456789"
MAX_NAME: Final = 40
MAX_CONTACT: Final = 120
MAX_TEXT: Final = 256
FIRST_ID: Final = 1001


class EntryState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(slots=True, kw_only=True)
class GatePerson:
    """Somebody with a code. `external_key` is None for people who were added by hand.

    While `suspended`, none of their entries opens, whatever its own state.
    """

    id: int
    external_key: str | None
    name: str
    code: GateCode
    email: str = ""
    phone: str = ""
    suspended: bool = False
    access: dict[str, EntryState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What to change of a person. None leaves it as it is; an empty e-mail or phone takes it away."""

    name: str | None = None
    code: str | None = field(default=None, repr=False)
    new_code: bool = False
    email: str | None = None
    phone: str | None = None
    suspended: bool | None = None


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

    def add(
        self, *, external_key: str | None, name: str, code: str | None, email: str = "", phone: str = ""
    ) -> GatePerson:
        """Add a person; without a code, one is made."""
        name, email, phone = _checked_name(name), _checked_contact(email), _checked_contact(phone)
        gate_code = self._made_code() if code is None else self._free_code(code, None)
        if self._settings.capacity is not None and len(self._people) >= self._settings.capacity:
            raise GateRefused(Refusal.CAPACITY, "all places are taken")
        id_ = next(self._ids)
        person = GatePerson(id=id_, external_key=external_key, name=name, code=gate_code, email=email, phone=phone)
        self._people[id_] = person
        return person

    def edit(self, id_: int, edit: Edit) -> GatePerson:
        """Change what is named; nothing is changed when any of it is refused."""
        person = self.person(id_)
        name = person.name if edit.name is None else _checked_name(edit.name)
        email = person.email if edit.email is None else _checked_contact(edit.email)
        phone = person.phone if edit.phone is None else _checked_contact(edit.phone)
        code = person.code if edit.code is None else self._free_code(edit.code, person)
        person.name, person.email, person.phone = name, email, phone
        person.code = self._made_code() if edit.new_code else code
        person.suspended = person.suspended if edit.suspended is None else edit.suspended
        return person

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

    def _made_code(self) -> GateCode:
        """Return a code that nobody has, not even the person whose code it will replace."""
        while True:
            code = GateCode("".join(secrets.choice(DIGITS) for _ in range(CODE_DIGITS)))
            if self.holder(code) is None:
                return code

    def _free_code(self, text: str, owner: GatePerson | None) -> GateCode:
        if not is_code(text):
            raise GateRefused(Refusal.BAD_CODE, f"a code has {CODE_DIGITS} digits")
        code = GateCode(text)
        holder = self.holder(code)
        if holder is not None and holder is not owner:
            raise GateRefused(Refusal.CODE_IN_USE, "somebody else has this code")
        return code


class Controller:
    """All sites of one controller. Ids are never used twice, not even at another site. `kind` may be switched."""

    def __init__(self, settings: GateSettings) -> None:
        self.kind = settings.kind
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


def _checked_contact(text: str) -> str:
    if len(text) > MAX_CONTACT or not text.isprintable():
        raise GateRefused(Refusal.BAD_CONTACT, f"an e-mail or phone has at most {MAX_CONTACT} printable characters")
    return text
