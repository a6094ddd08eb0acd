"""The accounts that calls are made through: what shares host and keys is one, and is paced as one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel

from bridge.domain.credential import Secret
from bridge.domain.turns import Limits, tightest
from bridge.outbound.pacing import Pacer
from bridge.outbound.pinning import origin
from bridge.outbound.renting import RentedSlots
from bridge.ports.permits import Permits, SlotLedger


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account. `permits` is leave to call it, `pacer` knows how it stands."""

    name: str
    permits: Permits
    pacer: Pacer

    def tighten(self, limits: Limits) -> None:
        """Have it keep within these limits too."""
        self.pacer.limits = tightest(self.pacer.limits, limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    origin: tuple[str, str, int]
    secrets: Sequence[Secret]
    account: Account


class Accounts:
    """Opens accounts. With a `ledger`, they are shared with other processes, under the name `holder` of this one."""

    def __init__(self, *, ledger: SlotLedger | None = None, holder: str = "") -> None:
        self._ledger = ledger
        self._holder = holder
        self._known: list[_Known] = []
        self._rented: list[RentedSlots] = []

    def open(self, name: str, limits: Limits) -> Account:
        """Open one; `name` must be the same in all processes and after a restart."""
        if self._ledger is None:
            pacer = Pacer(name, limits)
            return Account(name=name, permits=pacer, pacer=pacer)
        rented = RentedSlots(name, limits, ledger=self._ledger, holder=self._holder)
        self._rented.append(rented)
        return Account(name=name, permits=rented, pacer=rented.pacer)

    def of_vendor(self, url: httpx.URL, options: BaseModel, name: str, limits: Limits) -> Account:
        """Return the account that has this host and the secrets of these options; `name` is for a new one.

        One that is known already keeps its name, and the tighter limits.
        """
        where, secrets = origin(url), list(_secrets(options))
        for known in self._known:
            if known.origin == where and known.secrets == secrets:
                known.account.tighten(limits)
                return known.account
        account = self.open(name, limits)
        self._known.append(_Known(origin=where, secrets=secrets, account=account))
        return account

    async def aclose(self) -> None:
        """Give back what is rented."""
        for rented in self._rented:
            await rented.aclose()


def _secrets(value: Any) -> Iterator[Secret]:
    """Yield the secrets in a plug-in's options, in their order."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, BaseModel):
        for _, inner in value:
            yield from _secrets(inner)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets(inner)
