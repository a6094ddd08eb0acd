"""The controller's answers as they come over the wire: unknown fields are ignored, unknown words kept as UNKNOWN."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StrictBool, StrictInt, StrictStr

from bridge.sdk import CodeText, GateCode, PrivateText, WireModel


class WireState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


def _state(word: Any) -> WireState:
    return WireState(word) if word in ("active", "suspended") else WireState.UNKNOWN


def _made(code: GateCode) -> GateCode:
    text = code.reveal()
    if not (text.isascii() and text.isdigit()):
        raise ValueError("a code that was made is told in digits")
    return code


class WireEntry(WireModel):
    target: StrictStr
    state: Annotated[WireState, BeforeValidator(_state)]


class WirePerson(WireModel):
    id: StrictInt
    external_key: StrictStr | None
    name: PrivateText
    email: PrivateText
    phone: PrivateText
    suspended: StrictBool
    """None of the entries opens, whatever its own state."""
    code: CodeText
    access: tuple[WireEntry, ...]


class PeoplePage(WireModel):
    people: tuple[WirePerson, ...]
    more: StrictBool


class OnePerson(WireModel):
    person: WirePerson


class PersonId(WireModel):
    id: StrictInt


class MadeCode(WireModel):
    """A person whose code the controller has just made: it may never be shown again."""

    id: StrictInt
    code: Annotated[CodeText, AfterValidator(_made)]


class WireKind(WireModel):
    """What the controller can do, in its own words."""

    codes: StrictStr
    shows_codes: StrictBool
    suspends: StrictStr
    one_occupant: StrictBool = False


class About(WireModel):
    people: StrictInt
    targets: tuple[StrictStr, ...]
    kind: WireKind


class WireError(WireModel):
    code: StrictStr
    text: StrictStr = ""


class Reply(WireModel):
    """What is around every answer. `site` is the one that answered."""

    ok: StrictBool
    site: StrictStr | None = None
    result: Any = None
    error: WireError | None = None

    def __repr__(self) -> str:
        return f"Reply(ok={self.ok})"
