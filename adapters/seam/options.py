"""What an operator configures for an account at Seam."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from bridge.sdk import ConfigurationError, HeaderKey, Options, base_url, is_safe_id

MIN_DIGITS: Final = 5
"""So many different digits leave enough codes to choose from."""
SEAM: Final = "https://connect.getseam.com"


def _seam_url(text: str) -> str:
    try:
        return str(base_url(text, key=""))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


def _workspace(text: str) -> str:
    if not is_safe_id(text):
        raise ValueError("is not the id of a workspace")
    return text


def _digits(text: str) -> str:
    if len(set(text)) != len(text) or len(text) < MIN_DIGITS or not set(text) <= set("0123456789"):
        raise ValueError("must be different digits, five or more")
    return text


class SeamOptions(Options):
    """One workspace at Seam, whatever is driven through it."""

    url: Annotated[str, AfterValidator(_seam_url)] = SEAM
    """Where Seam answers; https, or http on a loopback address."""
    api_key: HeaderKey
    """The key of a workspace, or a personal access token: that one needs `workspace` beside it."""
    workspace: Annotated[str, AfterValidator(_workspace)] | None = None
    """The workspace's id, sent with each call."""


class Suspend(StrEnum):
    """How a code is kept from working, since Seam cannot suspend one."""

    POSTPONE = "postpone"
    """It stays, and its time is moved to a far day."""
    DELETE = "delete"
    """It is deleted, and made again with the same digits."""


class Confirm(StrEnum):
    """What is taken for a code that is in force at the lock."""

    SET = "set"
    """Seam says that the lock has it, or no longer has it."""
    ACCEPTED = "accepted"
    """Seam has taken it."""


class NameStyle(StrEnum):
    """What stands before the mark in the name of a code."""

    TENANT = "tenant"
    NONE = "none"


class SeamCodesOptions(SeamOptions):
    """Locks with a keypad each, and a code for each tenant at each of theirs."""

    code_length: Annotated[int, Field(ge=4, le=9)] = 6
    digits: Annotated[str, AfterValidator(_digits)] = "0123456789"
    """What codes are made of: some locks take no zero."""
    suspend: Suspend = Suspend.POSTPONE
    confirm: Confirm = Confirm.SET
    name_style: NameStyle = NameStyle.TENANT
