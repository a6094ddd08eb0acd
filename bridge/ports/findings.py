"""What a check of the set-up found, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `gatebridge check`. `advice` says what to do, and is empty only when the verdict is ok."""

    subject: str
    verdict: Verdict
    text: str
    advice: str = ""
