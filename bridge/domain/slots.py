"""How the calls of one account are shared out among the processes that make them: exact, fair, and nothing idle.

A process rents slots (calls at once) and turns (calls a second) in small blocks, and does not ask for each call. What
it rents is in the account's book; whoever keeps the book changes it with `rent`, one asker at a time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.domain.outcome import MAX_RETRY_AFTER

START_SECONDS: Final = 10.0
"""For so long after it asked, a process may start calls in its slots. It asks again each second."""
CALL_SECONDS: Final = 35.0
"""No call takes longer. A process that has died leaves its slots unused for this time and the one above."""
BLOCK_SECONDS: Final = 0.5
LATE_SECONDS: Final = 0.25
"""Who asks so late for the next turns misses none: asking is a trip."""
ROUND_SECONDS: Final = 2.0
"""Where there are fewer slots than processes, they change hands so often."""
MISSED_SECONDS: Final = 1.0
"""A turn that is not taken by then is lost, so that late ones never come in a crowd."""
MAX_AHEAD_SECONDS: Final = 60.0
"""Nobody waits so long for a turn. What is further ahead was written before the book-keeper's clock went back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a process asks for. It runs no more than `keeps` calls from now until it has the answer.

    `wants` is how many it could run now, `turns` how many calls wait for their turn at `rate`. `rest` is for how many
    seconds the account wants to be left alone, as this process has just heard.
    """

    holder: str
    cap: int
    keeps: int
    wants: int
    rate: float | None = None
    turns: int = 0
    rest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What it gets: it starts a call while fewer than `slots` run, for `seconds` from when it asked.

    `booked` is what the book has under its name: more than `slots` where it is to give some back. The first of `turns`
    is in `turns_in` seconds, and each further one `1 / rate` later.
    """

    slots: int
    booked: int
    seconds: float = START_SECONDS
    turns: int = 0
    turns_in: float = 0.0
    rest: float = 0.0
    is_shared: bool = False
    """Others have slots, or want some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    booked: int
    wants: int
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBook:
    """Who has which slots until when, and when the next turn is; seconds of the book-keeper's clock."""

    shares: Mapping[str, Share] = field(default_factory=dict)
    next_turn: float = -math.inf
    rest_until: float = -math.inf

    def booked(self, now: float) -> int:
        return sum(share.booked for share in self.shares.values() if share.until > now)

    def at(self, now: float) -> "AccountBook":
        """Return the book with no time in it that is further ahead than it can be."""
        latest = now + START_SECONDS + CALL_SECONDS
        return AccountBook(
            shares={name: replace(share, until=min(share.until, latest)) for name, share in self.shares.items()},
            next_turn=min(self.next_turn, now + MAX_AHEAD_SECONDS),
            rest_until=min(self.rest_until, now + MAX_RETRY_AFTER.total_seconds()),
        )

    def without(self, holder: str) -> "AccountBook":
        """Return the book after a process is known to be dead: its slots are free at once."""
        return replace(self, shares={name: share for name, share in self.shares.items() if name != holder})


def rent(book: AccountBook, ask: Ask, now: float) -> tuple[AccountBook, Granted]:
    """Return the book with what was granted, and the answer. All slots of all processes stay within the cap."""
    book = book.at(now)
    others = {name: share for name, share in book.shares.items() if name != ask.holder and share.until > now}
    wants = {ask.holder: ask.wants, **{name: share.wants for name, share in others.items()}}
    fair = fair_shares(ask.cap, wants, int(now / ROUND_SECONDS))[ask.holder]
    free = ask.cap - sum(share.booked for share in others.values())
    slots = max(0, min(fair, free))
    booked = max(slots, ask.keeps)
    shares: dict[str, Share] = dict(others)
    if booked or ask.wants:
        shares[ask.holder] = Share(booked=booked, wants=ask.wants, until=now + START_SECONDS + CALL_SECONDS)
    rest_until = max(book.rest_until, now + ask.rest) if ask.rest > 0 else book.rest_until
    first, next_turn, turns = now, book.next_turn, 0
    if ask.rate is not None and ask.turns > 0:
        turns = min(ask.turns, max(1, math.ceil(ask.rate * BLOCK_SECONDS)))
        first = max(rest_until, now - LATE_SECONDS, book.next_turn)
        next_turn = first + turns / ask.rate
    granted = Granted(
        slots=slots,
        booked=booked,
        turns=turns,
        turns_in=first - now,
        rest=max(0.0, rest_until - now),
        is_shared=bool(others),
    )
    return AccountBook(shares=shares, next_turn=next_turn, rest_until=rest_until), granted


def fair_shares(cap: int, wants: Mapping[str, int], turn: int) -> Mapping[str, int]:
    """Return how many of `cap` each gets: all the same, and what one does not want, the others.

    What a division leaves over goes round with `turn`, so that nobody goes without for ever.
    """
    left, shares = cap, dict.fromkeys(wants, 0)
    open_names = sorted(name for name, wish in wants.items() if wish > 0)
    while left > 0 and open_names:
        equal = left // len(open_names)
        if equal == 0:
            for place in range(left):
                shares[open_names[(turn + place) % len(open_names)]] += 1
            break
        for name in open_names:
            shares[name] += min(equal, wants[name] - shares[name])
        left = cap - sum(shares.values())
        open_names = [name for name in open_names if shares[name] < wants[name]]
    return shares
