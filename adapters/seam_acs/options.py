"""What an operator configures for an access system that is reached through Seam."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from adapters.seam.options import SeamOptions
from bridge.sdk import is_safe_id

MIN_CODE: Final = 4
MAX_CODE: Final = 9


class Codes(StrEnum):
    """Who makes the gate codes."""

    GIVEN = "given"
    """The bridge."""
    MADE = "made"
    """The access system, as Salto KS does behind Seam."""


class TargetsBy(StrEnum):
    """What stands in a unit's field."""

    ID = "id"
    """Seam's id of the access group."""
    NAME = "name"
    """The access group's name, which no other may have."""


class Confirm(StrEnum):
    """When a change is taken to be in force at the door."""

    SYNCED = "synced"
    """When Seam reports nothing that is still on its way, and no error."""
    ACCEPTED = "accepted"
    """When Seam has taken it."""


class Renewal(StrEnum):
    """How a code that the system made is replaced."""

    BESIDE = "beside"
    """The new one is made before the old one is deleted."""
    REPLACE = "replace"
    """The old one is deleted first, for systems that let a person have one only."""


def _id(text: str) -> str:
    if not is_safe_id(text):
        raise ValueError("is not an id of Seam's")
    return text


class AccessSystemOptions(SeamOptions):
    """What every access system needs, whatever its brand."""

    acs_system_id: Annotated[str, AfterValidator(_id)]
    targets: TargetsBy = TargetsBy.ID
    code_length: Annotated[int, Field(ge=MIN_CODE, le=MAX_CODE)] = 6
    """Digits of a code that the bridge makes, and the most that staff may type; four is the least."""
    shows_codes: bool = True
    """Whether Seam's listings show the codes of this system."""
    contacts: bool = False
    """Whether the system is told the tenant's e-mail and phone beside the name."""
    confirm: Confirm = Confirm.SYNCED


class SeamAcsOptions(AccessSystemOptions):
    codes: Codes = Codes.GIVEN
    renewal: Renewal = Renewal.BESIDE
    leading_zeros: bool = True
    """Whether a code may begin with 0."""
