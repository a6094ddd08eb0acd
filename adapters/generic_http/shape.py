"""What an operator tells of a vendor: what it keeps, what it can do, and where that stands in its answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from adapters.generic_http.requests import Place, Places
from bridge.sdk import EntryState, Options, SuspendScope


class Shape(StrEnum):
    """What the vendor keeps for a tenant."""

    PERSON = "person"
    """One person with one code, who may open many targets."""
    ENTRY = "entry"
    """A thing for each target (a visitor, a code, a unit's tenant), each with the code."""


class Codes(StrEnum):
    GIVEN = "given"
    """The bridge makes the codes."""
    MADE = "made"
    """The vendor makes them, and tells each."""


class Private(StrEnum):
    """What must not be in an address, unless the vendor has no other way: addresses are kept in logs."""

    CODE = "code"
    TENANT = "tenant"


class Otherwise(StrEnum):
    """What a state means that no list names."""

    PROVES_NOTHING = "proves_nothing"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class WhenAbsent(StrEnum):
    NULL = "null"
    EMPTY = "empty"
    OMIT = "omit"


class MarkHolds(StrEnum):
    MARK = "mark"
    KEY = "key"


class MarkMatch(StrEnum):
    EQUALS = "equals"
    WORD = "word"
    """The mark is one of the blank-separated words there, as in a name."""


class Ability(Options):
    """What the vendor can do."""

    codes: Codes = Codes.GIVEN
    shows_codes: bool = True
    """Whether the look-up shows the codes; a masked code is not shown."""
    suspends: SuspendScope = SuspendScope.TARGET
    one_occupant: bool = False
    """Whether a target takes one tenant at a time."""
    code_min_length: int = Field(default=6, ge=4, le=16)
    code_max_length: int = Field(default=6, ge=4, le=16)
    code_alphabet: Annotated[str, StringConstraints(min_length=2, pattern=r"^[!-~]+$")] = "0123456789"

    @model_validator(mode="after")
    def _is_a_range(self) -> "Ability":
        if self.code_min_length > self.code_max_length:
            raise ValueError("code_min_length is greater than code_max_length")
        return self


class Names(Options):
    """How tenants are written at the vendor. Lengths are characters."""

    max_name: int = Field(default=60, ge=8, le=400)
    max_contact: int = Field(default=120, ge=8, le=400)
    """An e-mail or phone that is longer is left out."""
    fallback: str = Field(default="Tenant", min_length=1, max_length=40)
    when_absent: WhenAbsent = WhenAbsent.NULL


class StateWords(Options):
    """Where a state is, and the vendor's words for it; true, false, null and numbers are written as texts."""

    state: Place | None = None
    active: tuple[str, ...] = ()
    suspended: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    """Accepted, and not yet in force at the door."""
    otherwise: Otherwise = Otherwise.PROVES_NOTHING

    @model_validator(mode="after")
    def _has_words_for_a_state(self) -> "StateWords":
        words = (*self.active, *self.suspended, *self.pending)
        if bool(words) is (self.state is None):
            raise ValueError("needs state and its words (active, suspended) together")
        if len(set(words)) < len(words):
            raise ValueError("has one word for two states")
        return self

    @property
    def table(self) -> Mapping[str, tuple[EntryState, bool]]:
        """Return what each word means: the state, and whether it is settled."""
        meant = ((self.active, EntryState.ACTIVE, True), (self.suspended, EntryState.SUSPENDED, True))
        words = {word: (state, settled) for words, state, settled in meant for word in words}
        return words | dict.fromkeys(self.pending, (EntryState.ACTIVE, False))


class PersonPlaces(StateWords):
    """Where things are in a person; only in the shape `person`."""

    id: Place
    mark: Place
    mark_holds: MarkHolds = MarkHolds.MARK
    mark_match: MarkMatch = MarkMatch.EQUALS
    code: Place | None = None


class EntryPlaces(StateWords):
    """Where things are in an entry. In the shape `entry` it has mark and code; in `person` it stands `within` one."""

    target: Place | None = None
    """May be left out where `find` asks by {target}: then it is the one that was asked for."""
    within: Places | None = None
    id: Place | None = None
    mark: Place | None = None
    mark_holds: MarkHolds = MarkHolds.MARK
    mark_match: MarkMatch = MarkMatch.EQUALS
    code: Place | None = None
