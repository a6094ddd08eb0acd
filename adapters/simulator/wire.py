"""The controller's answers as they come over the wire: unknown fields are ignored, unknown words kept as UNKNOWN."""

from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)

from bridge.sdk import Anomaly, GateCode


class WireState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


def _state(word: Any) -> WireState:
    return WireState(word) if word in ("active", "suspended") else WireState.UNKNOWN


def _code(value: Any) -> GateCode:
    if isinstance(value, GateCode):
        return value
    if not isinstance(value, str):
        raise ValueError("a code is a text")  # noqa: TRY004 - pydantic turns only a ValueError into its own
    return GateCode(value)


def _made(code: GateCode) -> GateCode:
    text = code.reveal()
    if not (text.isascii() and text.isdigit()):
        raise ValueError("a code that was made is told in digits")
    return code


Private = Annotated[StrictStr, Field(repr=False)]


class _Wire(BaseModel):
    # No error repeats what came in: it may hold a gate code.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True)


class WireEntry(_Wire):
    target: StrictStr
    state: Annotated[WireState, BeforeValidator(_state)]


class WirePerson(_Wire):
    id: StrictInt
    external_key: StrictStr | None
    name: Private
    email: Private
    phone: Private
    suspended: StrictBool
    """None of the entries opens, whatever its own state."""
    code: Annotated[GateCode, BeforeValidator(_code)]
    access: tuple[WireEntry, ...]


class PeoplePage(_Wire):
    people: tuple[WirePerson, ...]
    more: StrictBool


class OnePerson(_Wire):
    person: WirePerson


class PersonId(_Wire):
    id: StrictInt


class MadeCode(_Wire):
    """A person whose code the controller has just made: it may never be shown again."""

    id: StrictInt
    code: Annotated[GateCode, BeforeValidator(_code), AfterValidator(_made)]


class WireKind(_Wire):
    """What the controller can do, in its own words."""

    codes: StrictStr
    shows_codes: StrictBool
    suspends: StrictStr
    one_occupant: StrictBool = False


class About(_Wire):
    people: StrictInt
    targets: tuple[StrictStr, ...]
    kind: WireKind


class WireError(_Wire):
    code: StrictStr
    text: StrictStr = ""


class Reply(_Wire):
    """What is around every answer. `site` is the one that answered."""

    ok: StrictBool
    site: StrictStr | None = None
    result: Any = None
    error: WireError | None = None

    def __repr__(self) -> str:
        return f"Reply(ok={self.ok})"


ModelT = TypeVar("ModelT", bound=BaseModel)


def read(model: type[ModelT], value: Any, what: str) -> ModelT:
    """Return `value` as a `model`, or raise `Anomaly` naming `what` and the place at fault, never the value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise Anomaly(f"{what}: the answer is not as documented at {place or 'its root'}") from None
