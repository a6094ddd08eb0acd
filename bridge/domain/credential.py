"""Gate codes and other secrets: values without a string form, the rules for codes, and which code is in force."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, NoReturn, final

from bridge.domain.ids import RentalId

MIN_KEY_LENGTH: Final = 32
"""Characters of the key that seals gate codes."""


class Secret:
    """Text that must not be shown: `reveal` is the only way out, and easy to search for."""

    __slots__ = ("_text",)
    _label = "secret"

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<{self._label}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._text.encode(errors="surrogatepass"), other._text.encode(errors="surrogatepass")
        )

    __hash__ = None  # type: ignore[assignment]  # a hash of four digits is the four digits

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never serialised")


@final
class GateCode(Secret):
    """What a tenant types at a keypad. Text, not a number: leading zeros count."""

    __slots__ = ()
    _label = "gate code"


class CodeRefusal(StrEnum):
    LENGTH = "length"
    ALPHABET = "alphabet"
    REPEATED = "repeated"
    SEQUENTIAL = "sequential"
    GUESSABLE = "guessable"
    TAKEN = "taken"
    RESTING = "resting"
    MADE_BY_VENDOR = "made_by_vendor"
    """The vendor makes the codes, so nobody else can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRules:
    """What an adapter accepts as a gate code, and what nobody should have as one.

    `not_at_start` are what no code may begin with: a vendor that keeps codes as numbers loses leading zeros.
    """

    min_length: int = 6
    max_length: int = 6
    alphabet: str = "0123456789"
    not_at_start: tuple[str, ...] = ()

    def refusal(self, code: GateCode, guessable: Sequence[str] = ()) -> CodeRefusal | None:
        """Return why `code` is refused, or None. `guessable` are texts like the unit's number or a phone's tail."""
        text = code.reveal()
        if not self.min_length <= len(text) <= self.max_length:
            return CodeRefusal.LENGTH
        if not set(text) <= set(self.alphabet) or text.startswith(self.not_at_start):
            return CodeRefusal.ALPHABET
        if len(set(text)) == 1:
            return CodeRefusal.REPEATED
        if _is_run(text, self.alphabet):
            return CodeRefusal.SEQUENTIAL
        if text in _guesses(guessable, len(text)):
            return CodeRefusal.GUESSABLE
        return None

    def make(self, choose: Callable[[str], str], guessable: Sequence[str] = ()) -> GateCode:
        """Return a fresh code of the greatest length; `choose` picks one character of a text, unpredictably."""
        while True:
            code = GateCode("".join(choose(self.alphabet) for _ in range(self.max_length)))
            if self.refusal(code, guessable) is None:
                return code


def _is_run(text: str, alphabet: str) -> bool:
    places = [alphabet.index(c) for c in text]
    steps = {(b - a) % len(alphabet) for a, b in pairwise(places)}
    return steps in ({1}, {len(alphabet) - 1})


def _guesses(texts: Sequence[str], length: int) -> set[str]:
    digits = ["".join(c for c in text if c.isdigit()) for text in texts]
    return {d[-length:] for d in digits if len(d) >= length} | {d.zfill(length) for d in digits if 0 < len(d) < length}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMemory:
    """The codes that the bridge gave to a subject: the one in force, and those before it.

    `taken` is the one that the vendor took last, for vendors that do not show what they have.
    """

    current: GateCode | None = None
    earlier: tuple[GateCode, ...] = ()
    taken: GateCode | None = None

    def ever_had(self, code: GateCode) -> bool:
        return code == self.current or any(code == old for old in self.earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCode:
    rental: RentalId
    refusal: CodeRefusal


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChoice:
    """The code to use: one to keep, one that staff typed (`adopted_from` says where), or None: make one."""

    code: GateCode | None
    adopted_from: RentalId | None = None
    refused: tuple[RefusedCode, ...] = ()


NO_CODES: Final = CodeMemory()


def choose_code(
    typed: Sequence[tuple[RentalId, GateCode]],
    memory: CodeMemory,
    rules: CodeRules,
    guessable: Sequence[str] = (),
) -> CodeChoice:
    """Choose between the code in force and what the platform's fields say.

    A code in a field that the bridge never gave this tenant was typed by staff: it is honoured where the rules allow,
    else the code in force stands. A code that the bridge gave earlier is a stale copy of its own, never an order.
    """
    refused: list[RefusedCode] = []
    for rental, code in typed:
        if memory.ever_had(code):
            continue
        why = rules.refusal(code, guessable)
        if why is None:
            return CodeChoice(code=code, adopted_from=rental, refused=tuple(refused))
        refused.append(RefusedCode(rental=rental, refusal=why))
    return CodeChoice(code=memory.current, refused=tuple(refused))
