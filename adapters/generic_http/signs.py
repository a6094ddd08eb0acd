"""What an answer says: done, already so, gone, taken by somebody else, full, unsure, or simply refused."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import httpx
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from adapters.generic_http.paths import as_word, found, parse_path
from bridge.sdk import Answer, Options


class Verdict(StrEnum):
    """What an answer came to, most telling first."""

    CONFLICT = "conflict"
    FULL = "full"
    ALREADY = "already"
    MISSING = "missing"
    UNSURE = "unsure"
    DONE = "done"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    """A success by its number that does not say what a success has to."""


NEVER_SIGNS: Final = frozenset({401, 408, 425, 429})
"""Statuses that mean the same everywhere: a refused key, or come again later."""


def _status(number: int) -> int:
    if number in NEVER_SIGNS or not (200 <= number <= 299 or 400 <= number <= 499):  # noqa: PLR2004 - HTTP's classes
        raise ValueError("must be 200 to 299 or 400 to 499, and not 401, 408, 425 or 429: these mean one thing only")
    return number


def _path(text: str) -> str:
    parse_path(text)
    return text


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, Mapping) else value


class Sign(Options):
    """One way to know an answer: by its status, by what stands at a place in it, or by both."""

    status: tuple[Annotated[int, AfterValidator(_status)], ...] = ()
    at: Annotated[str, AfterValidator(_path)] | None = None
    words: tuple[str, ...] = ()
    """What stands there is one of these; numbers, true, false and null are written as texts."""
    contains: tuple[Annotated[str, Field(min_length=2)], ...] = ()
    """Or a text there holds one of these, in capitals or not."""

    @model_validator(mode="after")
    def _says_something(self) -> "Sign":
        if bool(self.words or self.contains) is (self.at is None):
            raise ValueError("needs at and words (or contains) together")
        if not self.status and self.at is None:
            raise ValueError("needs a status, or at with words")
        return self

    def is_in(self, answer: Answer) -> bool:
        return (not self.status or answer.status in self.status) and (self.at is None or self._is_said(answer.body))

    def is_readable_in(self, answer: Answer) -> bool:
        """Tell whether the answer has a word at the sign's place: if so, it is another one."""
        return self.at is not None and bool(self._words_at(answer.body))

    def _is_said(self, body: Any) -> bool:
        said = self._words_at(body)
        parts = [part.casefold() for part in self.contains]
        return any(word in self.words or any(part in word.casefold() for part in parts) for word in said)

    def _words_at(self, body: Any) -> list[str]:
        values = [as_word(value) for value in found(body, parse_path(self.at or "@"))]
        return [word for word in values if word is not None]


Signs = Annotated[tuple[Sign, ...], BeforeValidator(_listed)]
"""One sign, or several of which one is enough."""


def judge(answer: Answer, signs: Mapping[Verdict, Iterable[Sign]]) -> Verdict:
    """Return what the answer says. Without a sign of its own, `done` is any success by its number."""
    for verdict in Verdict:
        if verdict is Verdict.DONE:
            break
        if any(sign.is_in(answer) for sign in signs.get(verdict, ())):
            return verdict
    done = tuple(signs.get(Verdict.DONE, ()))
    if any(sign.is_in(answer) for sign in done):
        return Verdict.DONE
    if not httpx.codes.is_success(answer.status):
        return Verdict.REFUSED
    if not done:
        return Verdict.DONE
    return Verdict.REFUSED if any(sign.is_readable_in(answer) for sign in done) else Verdict.UNREADABLE
