"""What an operator configures for a site whose controllers fetch their list."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from bridge.sdk import FeedFormat, HeaderKey, Options, Secret

MIN_TOKEN: Final = 20
MAX_TOKENS: Final = 4
MAX_WORD: Final = 40


class Column(StrEnum):
    UNIT = "unit"
    CODE = "code"
    STATE = "state"
    PERSON = "person"


class Confirm(StrEnum):
    """When a change counts as in force at the door."""

    PUBLISHED = "published"
    """As soon as the feed has it."""
    FETCHED = "fetched"
    """When a controller has fetched the feed with it."""


class SuspendedRows(StrEnum):
    DENIED = "denied"
    """Served with the word for it."""
    LEFT_OUT = "left_out"
    """Not served until they are resumed."""


def _word(text: str) -> str:
    if not text.strip() or text != text.strip() or not text.isprintable() or len(text) > MAX_WORD or text[0] in "=+-@":
        raise ValueError(
            f"must be 1 to {MAX_WORD} printable characters, without blank edges or one of = + - @ in front"
        )
    return text


def _long_enough(token: Secret) -> Secret:
    if len(token.reveal()) < MIN_TOKEN:
        raise ValueError(f"needs {MIN_TOKEN} characters or more: it is all that stands between the world and the codes")
    return token


def _each_once(tokens: tuple[Secret, ...]) -> tuple[Secret, ...]:
    if any(token == other for place, token in enumerate(tokens) for other in tokens[:place]):
        raise ValueError("names a token twice")
    return tokens


Word = Annotated[str, AfterValidator(_word)]
Token = Annotated[HeaderKey, AfterValidator(_long_enough)]
Tokens = Annotated[tuple[Token, ...], Field(min_length=1, max_length=MAX_TOKENS), AfterValidator(_each_once)]


class PullFeedOptions(Options):
    """One site's feed: who may fetch it, and what it looks like."""

    tokens: Tokens
    """What controllers send as a bearer token, or as the password of HTTP Basic; several while one is changed."""
    code_length: Annotated[int, Field(ge=4, le=12)] = 6
    """Digits of a gate code."""
    confirm: Confirm = Confirm.PUBLISHED
    """When a change counts as in force at the door."""
    format: FeedFormat = FeedFormat.JSON
    """What is served to a controller that does not say what it wants."""
    columns: Mapping[Column, Word] = {column: column.value for column in Column}
    """The columns in their order, each with its heading."""
    allowed_word: Word = "allowed"
    denied_word: Word = "denied"
    suspended_rows: SuspendedRows = SuspendedRows.DENIED
    """What becomes of the rows of somebody whose access is suspended."""

    @model_validator(mode="after")
    def _can_be_understood(self) -> Self:
        if not {Column.UNIT, Column.CODE} <= self.columns.keys():
            raise ValueError("columns: unit and code are needed")
        if len(set(self.columns.values())) < len(self.columns):
            raise ValueError("columns: two have the same heading")
        if Column.STATE not in self.columns and self.suspended_rows is SuspendedRows.DENIED:
            raise ValueError('columns: without state nobody could be denied; set suspended_rows = "left_out"')
        if self.allowed_word.casefold() == self.denied_word.casefold():
            raise ValueError("allowed_word and denied_word must differ")
        return self
