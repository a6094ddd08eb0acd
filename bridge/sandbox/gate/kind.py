"""Which kind of controller it is: each does what some real ones do."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, StrictBool


class Codes(StrEnum):
    GIVEN = "given"
    """Who adds a person brings their code."""
    MADE = "made"
    """The controller makes it, and tells it in the answer to the call that had it made."""


class Suspends(StrEnum):
    TARGET = "target"
    """An entry can be suspended by itself, and the whole person too."""
    PERSON = "person"
    """Only the whole person can be."""


class GateKind(BaseModel):
    """Where `shows_codes` is false, the API masks them, whoever made them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: Codes = Codes.GIVEN
    shows_codes: StrictBool = True
    suspends: Suspends = Suspends.TARGET
    one_occupant: StrictBool = False
    """A target is one person's at a time."""
