"""Where something stands in an answer: `data.people[*]`, `pin`, `error["code.word"]`, `@` for the answer itself.

A small language on purpose: names, places in a list, and `[*]` for each. Nothing in it can search, compute or fail in
another way than `PathError`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

MAX_STEPS: Final = 16
MAX_FOUND: Final = 20_000
_STEP: Final = re.compile(
    r"""(?P<name>(?!@[.\[])[^.\[\]"'\s]+) | \[(?P<place>\d{1,6})\] | (?P<each>\[\*\]) | \["(?P<quoted>[^"]+)"\]""",
    re.VERBOSE,
)


class PathError(Exception):
    """The answer has something else at that place. Its text names the path, never what was found."""


class Missing:
    """Stands for what an answer does not have; a null is there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Each:
    """The step `[*]`."""


Step = str | int | Each


@dataclass(frozen=True, slots=True)
class Path:
    text: str
    steps: tuple[Step, ...]

    @property
    def is_many(self) -> bool:
        return any(isinstance(step, Each) for step in self.steps)


@lru_cache(maxsize=512)
def parse_path(text: str) -> Path:
    """Return the path that `text` writes. Raises `ValueError` saying what is wrong with it."""
    if not text.isprintable():
        raise ValueError("must be printable")
    if text == "@":
        return Path(text, ())
    steps: list[Step] = []
    place = 0
    while place < len(text):
        if text[place] == ".":
            if not steps or text[place + 1 : place + 2] in {"", ".", "["}:
                raise ValueError("has a dot that stands between no two names")
            place += 1
        found = _STEP.match(text, place)
        if found is None or (found["name"] and steps and text[place - 1] != "."):
            raise ValueError('must be names, [0], [*] or ["a name"], such as data.people[*]; @ is the answer itself')
        steps.append(_step(found))
        place = found.end()
    if not 0 < len(steps) <= MAX_STEPS:
        raise ValueError(f"must have 1 to {MAX_STEPS} steps; @ is the answer itself")
    return Path(text, tuple(steps))


def one(document: Any, path: Path) -> Any:
    """Return what stands at `path`, or `MISSING`. What is below a null is missing too.

    Raises `PathError` where the answer has another form than the path, and for a path with `[*]`.
    """
    value = document
    for step in path.steps:
        value = _below(value, step, path)
        if value is MISSING:
            return MISSING
    return value


def many(document: Any, path: Path, *, null_is_empty: bool = False) -> list[Any]:
    """Return everything at `path`, in order. Without `[*]` that is one thing, or none where a null stands.

    A list that is missing is no empty list: raises `PathError`, and where anything else has another form.
    """
    values = [document]
    for step in path.steps:
        if isinstance(step, Each):
            values = [inner for value in values for inner in _inner(value, path, null_is_empty=null_is_empty)]
        else:
            values = [_below(value, step, path) for value in values]
        if any(value is MISSING for value in values):
            raise PathError(f"there is nothing at {path.text}")
        if len(values) > MAX_FOUND:
            raise PathError(f"there is too much at {path.text}")
    return values if path.is_many else [value for value in values if value is not None]


def found(document: Any, path: Path) -> Sequence[Any]:
    """Return whatever is at `path`, nothing where the answer has another form: to look for words, never for people."""
    try:
        return many(document, path)
    except PathError:
        return ()


def as_word(value: Any) -> str | None:
    """Return a text, number, true, false or null as a word of a table; None for lists and objects."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _step(found: re.Match[str]) -> Step:
    if found["each"]:
        return Each()
    return int(found["place"]) if found["place"] else found["name"] or found["quoted"]


def _below(value: Any, step: Step, path: Path) -> Any:
    if value is None:
        return MISSING
    if isinstance(step, str) and isinstance(value, dict):
        return value.get(step, MISSING)
    if isinstance(step, int) and isinstance(value, list):
        return value[step] if step < len(value) else MISSING
    raise PathError(f"the answer has another form at {path.text}")


def _inner(value: Any, path: Path, *, null_is_empty: bool) -> list[Any]:
    if isinstance(value, list):
        return value
    if value is None and null_is_empty:
        return []
    raise PathError(f"there is no list at {path.text}")
