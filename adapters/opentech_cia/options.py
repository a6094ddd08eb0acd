"""What an operator configures for a facility at OpenTech's INSOMNIAC CIA."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from bridge.sdk import ConfigurationError, Options, SecretText, base_url, is_safe_id

MIN_CODE_LENGTH: Final = 6
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)


class UnitMatch(StrEnum):
    """What a unit's field in the platform holds."""

    NUMBER = "number"
    """CIA's `unitNumber`, which is what people call the unit."""
    ID = "id"


class MoveOut(StrEnum):
    """What happens to a unit's guests when its tenant leaves."""

    REMOVE = "remove"
    """Only what the bridge made is removed; the guests stay, and with them the unit."""
    VACATE = "vacate"
    """The unit is vacated, which removes its guests too; not while another tenant is on it."""


class TakeOver(StrEnum):
    """Whether a tenant whom the bridge did not make can become its own."""

    NEVER = "never"
    SAME_CODE = "same_code"
    """The only tenant of the unit to be granted, when they have the very code that is granted."""


class BodyType(StrEnum):
    """How the bodies of writes are labelled; they are plain JSON either way."""

    JSON_PATCH = "application/json-patch+json"
    JSON = "application/json"


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _facility(text: str) -> str:
    if not is_safe_id(text):
        raise ValueError("must be a facility's id: letters, digits, dashes and underscores")
    return text


def _host(text: str) -> str:
    if _HOST.fullmatch(text.lower()) is None:
        raise ValueError("must be a host name, such as insomniaccia.com")
    return text.lower()


def _url(text: str) -> str:
    try:
        return str(base_url(text, key=""))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


IdOrName = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200)]
Url = Annotated[str, AfterValidator(_url)]


class CiaOptions(Options):
    """One facility. Key and secret are the account's, client id and secret the application's."""

    facility: Annotated[str, BeforeValidator(_text), AfterValidator(_facility)]
    api_key: SecretText
    api_secret: SecretText
    client_id: SecretText
    client_secret: SecretText
    time_group: IdOrName
    access_profile: IdOrName
    host_suffix: Annotated[str, AfterValidator(_host)] = "insomniaccia.com"
    """What follows the service in the hosts' names; another one for each region and stage."""
    auth_url: Url | None = None
    access_url: Url | None = None
    unit_match: UnitMatch = UnitMatch.NUMBER
    code_length: Annotated[int, Field(ge=MIN_CODE_LENGTH, le=8)] = 8
    move_out: MoveOut = MoveOut.REMOVE
    take_over: TakeOver = TakeOver.NEVER
    body_type: BodyType = BodyType.JSON_PATCH
    conflict_words: tuple[Annotated[str, Field(min_length=3)], ...] = ("duplicate", "in use", "unique")
    """A refusal that speaks of a code and has one of these is about a code that somebody else has."""

    @property
    def auth_base(self) -> str:
        return self.auth_url or f"https://auth.{self.host_suffix}/"

    @property
    def access_base(self) -> str:
        return self.access_url or f"https://accesscontrol.{self.host_suffix}/"
