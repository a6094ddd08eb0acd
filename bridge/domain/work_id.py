"""What a person calls one row of the queue: `s17` is a subject, `d42` a delivery."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self


class WorkKind(StrEnum):
    SUBJECT = "subject"
    DELIVERY = "delivery"


_LETTERS: Final = {"s": WorkKind.SUBJECT, "d": WorkKind.DELIVERY}
_FORM: Final = re.compile(r"([sd])([1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkId:
    """The row's kind, and its number among those of its kind."""

    kind: WorkKind
    number: int

    def __str__(self) -> str:
        return f"{self.kind.value[0]}{self.number}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return what `text` names, or None where it has not the form."""
        found = _FORM.fullmatch(text)
        return None if found is None else cls(kind=_LETTERS[found[1]], number=int(found[2]))
