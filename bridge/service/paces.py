"""How fast the platforms and vendors may be called now: for a plan's own reading, and to say how long work takes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from bridge.domain.estimate import USUAL_ANSWER, Load, Pace, seconds_for
from bridge.domain.ids import ConnectionName, SiteKey
from bridge.domain.proposal import PlannedSubject
from bridge.outbound.accounts import Account

Side = ConnectionName | SiteKey
"""A platform, or the vendor of a site."""
READERS: Final = 8
"""So many tenants are read at once for a plan, where the pacing leaves room for twice as many."""


class Paces:
    """Without accounts, nothing is paced. `limited` are the sites with limits of their own."""

    def __init__(
        self,
        platforms: Mapping[ConnectionName, Account] | None = None,
        vendors: Mapping[SiteKey, Account] | None = None,
        *,
        limited: Mapping[SiteKey, Account] | None = None,
    ) -> None:
        self._accounts: dict[Side, list[Account]] = {}
        for accounts in (platforms or {}, vendors or {}, limited or {}):
            for side, account in accounts.items():
                self._accounts.setdefault(side, []).append(account)

    def readers(self, sides: Iterable[Side]) -> int:
        """Return how many tenants to read at once: half of what the accounts let through, the rest is for events."""
        accounts = [account for side in sides for account in self._accounts.get(side, ())]
        return max(1, min([READERS, *(account.pacer.runs() // 2 for account in accounts)]))

    def seconds(self, subjects: Iterable[PlannedSubject], answers: Mapping[Side, float]) -> float:
        """Return about how long the runs of these subjects take; `answers` are seconds that a call took lately."""
        sides = Counter[Side]()
        for one in subjects:
            sides[one.subject.connection] += one.platform_calls
            sides[one.subject.connection, one.subject.site] += one.vendor_calls
        calls, paces, slowest = Counter[str](), dict[str, Pace](), dict[str, float]()
        for side, count in sides.items():
            for name, pace in self._lanes(side).items():
                calls[name] += count
                paces[name] = pace
                slowest[name] = max(slowest.get(name, 0.0), answers.get(side, USUAL_ANSWER))
        return seconds_for(Load(calls=calls[name], pace=pace, answer=slowest[name]) for name, pace in paces.items())

    def _lanes(self, side: Side) -> dict[str, Pace]:
        accounts = self._accounts.get(side, ())
        return {account.name: _pace(account) for account in accounts} or {repr(side): Pace(at_once=READERS)}


def _pace(account: Account) -> Pace:
    pacer = account.pacer
    at_once = min(pacer.limits.concurrent, pacer.runs())
    return Pace(at_once=at_once, rate=pacer.rate(), rest=max(pacer.rest(), 0.0))
