"""Who a visitor is: the mark by which the bridge knows its own, and what a tenant is called at CIA.

CIA shows no field for an id of ours, so the mark is a word of the visitor's last name: `gb-` and twelve letters.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.opentech_cia.wire import WireVisitor
from bridge.sdk import Tenant, inert

MAX_NAME: Final = 40
MAX_EMAIL: Final = 120
PHONE_DIGITS: Final = range(10, 16)
"""CIA wants ten at least; no number in the world has more than fifteen."""
NOBODYS_NAME: Final = "Tenant"

_MARK: Final = re.compile(r"(?<![a-z])gb-[a-p]{12}(?![a-z])", re.IGNORECASE)
_MARK_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def mark_of(key: str) -> str:
    """Return the mark of the person with this key: the same for ever, without digits, and no word of a language."""
    return "gb-" + hashlib.sha256(key.encode()).hexdigest()[:12].translate(_MARK_LETTERS)


def mark_in(name: str | None) -> str | None:
    """Return the mark that a visitor's name carries, or None; with two of them it is nobody's."""
    found = {mark.lower() for mark in _MARK.findall(name or "")}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A tenant as CIA takes them. `last_name` ends with the mark."""

    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    email: str | None = field(repr=False)
    phone: str | None = field(repr=False)


def profile_for(tenant: Tenant, mark: str) -> Profile:
    """Return name, e-mail and phone in the form that CIA takes; a contact that does not fit is left out."""
    words = inert(_MARK.sub(" ", tenant.name)).split() or [NOBODYS_NAME]
    first, last = (words[:-1], words[-1]) if len(words) > 1 else (words, "")
    return Profile(
        first_name=_cut(" ".join(first)) or NOBODYS_NAME,
        last_name=f"{_cut(last)} {mark}".strip(),
        email=_email(tenant.email),
        phone=_phone(tenant.phone),
    )


def _cut(text: str) -> str:
    """Return a part of a name, short. What then looks like somebody's mark would be taken for it."""
    return inert(_MARK.sub(" ", inert(text, MAX_NAME)))


def shows(visitor: WireVisitor, profile: Profile) -> bool:
    """Tell whether CIA has this profile already, in whatever order and form it shows name and phone."""
    return (
        _words(visitor.name or "") == _words(f"{profile.first_name} {profile.last_name}")
        and (visitor.email or None) == profile.email
        and (_digits(visitor.phone) or None) == profile.phone
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """How a person's visitors are known: by their mark, or by the id that was kept for the unit."""

    mark: str
    kept: Mapping[str, str]
    """The visitors that were kept, by unit."""

    def owns(self, visitor: WireVisitor) -> bool:
        """Tell whether the bridge made this visitor for the person. Guests are never its own.

        One whose name lost the mark is known by its id, as long as it is where it was and bears nobody else's mark.
        """
        if not visitor.is_tenant:
            return False
        mark = mark_in(visitor.name)
        if mark is not None:
            return mark == self.mark
        unit = visitor.unit_key
        return unit is not None and self.kept.get(unit) == visitor.key


def _words(name: str) -> list[str]:
    return sorted(name.casefold().replace(",", " ").split())


def _email(text: str | None) -> str | None:
    return text if text is not None and len(text) <= MAX_EMAIL and _EMAIL.fullmatch(text) else None


def _phone(text: str | None) -> str | None:
    digits = _digits(text)
    return digits if len(digits) in PHONE_DIGITS else None


def _digits(text: str | None) -> str:
    return "".join(character for character in text or "" if character in "0123456789")
