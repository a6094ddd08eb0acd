"""Requests as templates: `{tenant.name}` in a path, a query or the leaves of a body.

A value never leaves its place: a path's values are percent-encoded, a body is built as values and not as text.
Everything that can be wrong with a template is found when the configuration is read.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from bridge.sdk import GateCode, Rejected

MAX_DEPTH: Final = 12
NULL: Final = "null"
"""The placeholder of a JSON null, which TOML cannot write."""
_PIECE: Final = re.compile(r"(\{\{|\}\}|\{[^{}]*\})|([{}])")
_SLOT: Final = re.compile(r"(?P<name>[a-z_]+(?:\.[a-z_]+)?)(?P<int>\|int)?")
_PATH_TEXT: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]*")
_INTEGER: Final = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)
"""What comes back as the same text: a target `007` would be shown as `7`, and be somebody else's."""

Scalar = str | int | GateCode | None
Values = Mapping[str, Scalar]
"""What stands for each placeholder. None is something that the tenant does not have."""


@dataclass(frozen=True, slots=True)
class Slot:
    name: str
    is_int: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text with placeholders."""

    parts: tuple[str | Slot, ...]

    @property
    def only(self) -> Slot | None:
        """The placeholder, where the text is nothing else."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], Slot) else None


@lru_cache(maxsize=512)
def parse_text(text: str) -> Text:
    """Return the template that `text` writes; `{{` and `}}` are braces. Raises `ValueError` saying what is wrong."""
    parts: list[str | Slot] = []
    end = 0
    for piece in _PIECE.finditer(text):
        if piece[2]:
            raise ValueError("has a brace without its partner; {{ and }} write braces")
        parts.append(text[end : piece.start()])
        parts.append(piece[1][0] if piece[1] in {"{{", "}}"} else _slot(piece[1][1:-1]))
        end = piece.end()
    parts.append(text[end:])
    return Text(tuple(part for part in parts if part != ""))


@lru_cache(maxsize=512)
def parse_path_template(text: str) -> tuple[Text, ...]:
    """Return the steps of a path. Raises `ValueError` for one that could be understood as anything but a path."""
    if not text.startswith("/") or text.startswith("//"):
        raise ValueError("must begin with one /; the host is options.url")
    steps = tuple(parse_text(step) for step in text[1:].split("/"))
    for step in steps:
        plain = [part for part in step.parts if isinstance(part, str)]
        if not all(_PATH_TEXT.fullmatch(part) for part in plain) or "".join(plain) in {".", ".."}:
            raise ValueError("holds what no path may: put a query under query, and write no blanks, % or ..")
    return steps


def check_body(body: Any, depth: int = 0) -> None:
    """Raise `ValueError` for a body that JSON cannot hold, or with a broken template in it."""
    if depth > MAX_DEPTH:
        raise ValueError(f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(body, dict):
        for inner in body.values():
            check_body(inner, depth + 1)
    elif isinstance(body, list):
        for inner in body:
            check_body(inner, depth + 1)
    elif isinstance(body, str):
        parse_text(body)
    elif not isinstance(body, bool | int | float) or (isinstance(body, float) and not math.isfinite(body)):
        raise ValueError('holds what JSON has not; write dates as texts and a null as "{null}"')


def slots_of(template: Any, at: str) -> Iterator[tuple[str, Slot, bool]]:
    """Yield each placeholder of a raw template with its place below `at`, and whether it stands alone there."""
    if isinstance(template, dict):
        for name, inner in template.items():
            yield from slots_of(inner, f"{at}.{name}")
    elif isinstance(template, list):
        for place, inner in enumerate(template):
            yield from slots_of(inner, f"{at}.{place}")
    elif isinstance(template, str):
        text = parse_text(template)
        for slot in text.parts:
            if isinstance(slot, Slot):
                yield at, slot, text.only is not None


def render_path(template: str, values: Values) -> str:
    """Return the path, each value one step or part of one. Raises `Rejected` for a value that would change the way."""
    rendered = []
    for step in parse_path_template(template):
        plain = "".join(part if isinstance(part, str) else _word(part, values) for part in step.parts)
        has_slot = any(isinstance(part, Slot) for part in step.parts)
        if has_slot and (not plain or any(part in {".", ".."} for part in re.split(r"[/\\]", plain))):
            raise Rejected("a target or id cannot be used in a call: a path would understand it otherwise")
        rendered.append(
            "".join(part if isinstance(part, str) else quote(_word(part, values), safe="") for part in step.parts)
        )
    return "/".join(rendered)


def render_text(template: str, values: Values) -> str | None:
    """Return the text for a query or a form; None where it is one placeholder and there is nothing to put there."""
    text = parse_text(template)
    if text.only is not None and (text.only.name == NULL or values[text.only.name] is None):
        return None
    return "".join(part if isinstance(part, str) else _word(part, values) for part in text.parts)


def render_body(body: Any, values: Values, when_absent: str) -> Any:
    """Return `body` with its leaves filled in; a leaf that is one placeholder takes the value as it is, with its type.

    What the tenant does not have is null, an empty text, or left out: `when_absent` is `null`, `empty` or `omit`.
    """
    if isinstance(body, dict):
        return {
            name: render_body(inner, values, when_absent)
            for name, inner in body.items()
            if not (when_absent == "omit" and _is_absent(inner, values))
        }
    if isinstance(body, list):
        kept = [inner for inner in body if not (when_absent == "omit" and _is_absent(inner, values))]
        return [render_body(inner, values, when_absent) for inner in kept]
    if not isinstance(body, str):
        return body
    text = parse_text(body)
    if text.only is None:
        return render_text(body, values)
    if _is_absent(body, values) and when_absent == "empty":
        return ""
    return _typed(text.only, values)


def _slot(inside: str) -> Slot:
    found = _SLOT.fullmatch(inside)
    if found is None:
        raise ValueError("has a placeholder that is none: a name in braces, such as {tenant.name} or {target|int}")
    return Slot(found["name"], is_int=found["int"] is not None)


def _is_absent(leaf: Any, values: Values) -> bool:
    only = parse_text(leaf).only if isinstance(leaf, str) else None
    return only is not None and only.name != NULL and values[only.name] is None


def _typed(slot: Slot, values: Values) -> str | int | None:
    value = None if slot.name == NULL else values[slot.name]
    if isinstance(value, GateCode):
        return value.reveal()
    if not slot.is_int or value is None:
        return value
    if _INTEGER.fullmatch(str(value)) is None:
        raise Rejected(f"{{{slot.name}|int}} is not a whole number here: correct the unit's field")
    return int(value)


def _word(slot: Slot, values: Values) -> str:
    value = _typed(slot, values)
    return "" if value is None else str(value)
