"""The clients that plug-ins are handed: each paced with its account, and all closed in the end."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
from pydantic import BaseModel

from bridge.domain.turns import Limits
from bridge.outbound.accounts import Account, Accounts
from bridge.outbound.client import OnCall, make_client
from bridge.outbound.pinning import base_url
from bridge.outbound.together import Both
from bridge.ports.permits import Permits

ClientFor = Callable[[str], httpx.AsyncClient]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLimits:
    """What a site's vendor takes: the account's limits, and the site's own where it has any."""

    account: Limits
    site: Limits | None = None


class SiteClients:
    """The clients of one site. `account` is known when the first is made: by its host; `own` has the site's limits."""

    def __init__(self, clients: "Clients", name: str, place: str, limits: SiteLimits) -> None:
        """`name` is the site's among all; `place` is where its adapter's options stand in the configuration."""
        self.account: Account | None = None
        self._clients = clients
        self._name = name
        self._place = place
        self._limits = limits
        self.own = None if limits.site is None else clients.accounts.open(f"site:{name}", limits.site)

    def client_for(self, url: str, *, adapter: str, options: BaseModel) -> httpx.AsyncClient:
        where = base_url(url, key=f"{self._place}.url")
        if self.account is None:
            name = f"{adapter}:{self._name}"
            self.account = self._clients.accounts.of_vendor(where, options, name, self._limits.account)
        permits = self.account.permits if self.own is None else Both([self.own.permits, self.account.permits])
        return self._clients.make(where, permits, self.account)


class Clients:
    def __init__(self, stack: AsyncExitStack, *, accounts: Accounts, on_call: OnCall) -> None:
        """What is made is closed with `stack`."""
        self.accounts = accounts
        self._stack = stack
        self._on_call = on_call
        stack.push_async_callback(accounts.aclose)

    def of_connection(self, name: str, place: str, limits: Limits) -> tuple[Account, ClientFor]:
        """Return a connection's account, and what makes its clients; `place` is where it is configured."""
        account = self.accounts.open(f"connection:{name}", limits)
        return account, lambda url: self.make(base_url(url, key=f"{place}.base_url"), account.permits, account)

    def of_site(self, name: str, place: str, limits: SiteLimits) -> SiteClients:
        return SiteClients(self, name, place, limits)

    def make(self, url: httpx.URL, permits: Permits, account: Account) -> httpx.AsyncClient:
        concurrency = account.pacer.limits.concurrent
        client = make_client(url, on_call=self._on_call, permits=permits, concurrency=concurrency)
        self._stack.push_async_callback(client.aclose)
        return client
