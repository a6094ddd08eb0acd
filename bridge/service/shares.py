"""A fair share of the worker's places: a site or an account that is busy or slow never holds them all."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from bridge.domain.ids import ConnectionName, SiteKey
from bridge.outbound.accounts import Account

K = TypeVar("K")
SHARE: Final = 0.75
"""So much of the places one site has at most, where there are several; one connection, of those that look up."""


def share_of(slots: int, sharers: int) -> int:
    """Return how many of the places one of several sharers may have."""
    return slots if sharers <= 1 else max(1, int(slots * SHARE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane(Generic[K]):
    """Those who share something of which there is only so much, now. While it `rests`, nobody is begun."""

    members: Collection[K]
    cap: Callable[[], int]
    rests: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion(Generic[K]):
    """So many may be claimed at once, of any but those in `without`, and nobody has more than a share."""

    size: int
    without: frozenset[K] = field(default_factory=frozenset)


class Shares(Generic[K]):
    """Says of whom work may be begun, beside what runs."""

    def __init__(self, lanes: Collection[Lane[K]] = (), *, each: int | None = None) -> None:
        """`each` is how many places one may have, where that is bounded."""
        self._lanes = lanes
        self._each = each

    def portion(self, limit: int, running: Iterable[K]) -> Portion[K]:
        at_work = Counter(running)
        size, without = limit, set[K]()
        if self._each is not None:
            rooms = {one: self._each - count for one, count in at_work.items()}
            without.update(one for one, room in rooms.items() if room <= 0)
            size = min(size, self._each, *(room for room in rooms.values() if room > 0))
        for lane in self._lanes:
            room = lane.cap() - sum(at_work[member] for member in lane.members if member in at_work)
            if room <= 0 or lane.rests():
                without.update(lane.members)
            else:
                size = min(size, room)
        return Portion(size=size, without=frozenset(without))


def connection_shares(slots: int, platforms: Mapping[ConnectionName, Account]) -> Shares[ConnectionName]:
    """Return how the places for looking deliveries up are shared."""
    return Shares([_lane([name], account) for name, account in platforms.items()], each=_each(slots, len(platforms)))


def site_shares(
    slots: int,
    sites: Collection[SiteKey],
    vendors: Mapping[SiteKey, Account],
    platforms: Mapping[ConnectionName, Account],
    *,
    limited: Mapping[SiteKey, Account],
) -> Shares[SiteKey]:
    """Return how the places for bringing tenants in step are shared: by sites, vendors' accounts and connections.

    `limited` are the sites with limits of their own.
    """
    accounts = {account.name: account for account in vendors.values()}
    lanes = [
        _lane([site for site, theirs in vendors.items() if theirs is account], account) for account in accounts.values()
    ]
    lanes += [_lane([site for site in sites if site[0] == name], account) for name, account in platforms.items()]
    lanes += [_lane([site], own) for site, own in limited.items()]
    return Shares(lanes, each=_each(slots, len(sites)))


def _lane(members: Collection[K], account: Account) -> Lane[K]:
    return Lane(members=members, cap=account.pacer.runs, rests=account.pacer.is_resting)


def _each(slots: int, sharers: int) -> int | None:
    return share_of(slots, sharers) if sharers > 1 else None
