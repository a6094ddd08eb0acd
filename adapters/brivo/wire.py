"""Brivo's answers as they come over the wire: unknown fields are ignored, what is private has no repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr, ValidationError

from bridge.sdk import GateCode, PrivateText, Secret, WireModel

MAX_ID_LENGTH: Final = 20


def is_brivo_id(text: str) -> bool:
    """Tell whether `text` can be an id at Brivo: a whole number, and so safe in a path."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_ID_LENGTH


def _id(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not is_brivo_id(text):
        raise ValueError("an id is a whole number")
    return text


def _pin(value: Any) -> GateCode | None:
    """An empty PIN is none. One that is masked would be written back with the next change: better refused here."""
    if value is None or isinstance(value, GateCode):
        return value
    if value == "":
        return None
    if not (isinstance(value, str) and value.isascii() and value.isdigit()):
        raise ValueError("a PIN is a text of digits")
    return GateCode(value)


def _secret(value: Any) -> Secret:
    if not (isinstance(value, str) and value.isascii() and value.isprintable() and value):
        raise ValueError("a token is a text that fits a header")
    return Secret(value)


BrivoId = Annotated[str, BeforeValidator(_id)]


class WireToken(WireModel):
    access_token: Annotated[Secret, BeforeValidator(_secret)]
    expires_in: Annotated[float, Field(gt=0, le=10**7)]
    """Seconds."""


class WireRefusedSignIn(WireModel):
    error: StrictStr


class WireUser(WireModel):
    id: BrivoId
    external_id: StrictStr = Field(alias="externalId")
    pin: Annotated[GateCode | None, BeforeValidator(_pin)] = None
    suspended: StrictBool


class WireMade(WireModel):
    """What is needed of the answer to a new user, or to one that was replaced."""

    id: BrivoId


class WireSuspension(WireModel):
    id: BrivoId
    suspended: StrictBool


class WireListed(WireModel):
    """A user in a listing."""

    id: BrivoId
    external_id: StrictStr | None = Field(alias="externalId", default=None)


class WireGroup(WireModel):
    id: BrivoId
    name: StrictStr


class WirePage(WireModel):
    """Part of a listing; `count` is of the whole listing."""

    data: Annotated[tuple[Any, ...], Field(repr=False)]
    offset: StrictInt
    page_size: Annotated[StrictInt, Field(alias="pageSize", ge=1)]
    count: Annotated[StrictInt, Field(ge=0)]


class WireError(WireModel):
    code: StrictInt | StrictStr
    message: PrivateText


@dataclass(frozen=True, slots=True, kw_only=True)
class BrivoUser:
    """A user as the bridge reads it, with all that Brivo told: a change replaces the whole, and must lose nothing."""

    seen: WireUser
    whole: Mapping[str, Any] = field(repr=False)


def read_error(value: Any) -> WireError | None:
    """Return what Brivo says of an error; None where the answer has not the form of Brivo's own."""
    try:
        return WireError.model_validate(value)
    except ValidationError:
        return None
