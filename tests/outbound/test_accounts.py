"""Whatever shares host and keys is one account, by whichever site or adapter it is called."""

from contextlib import AsyncExitStack

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.domain.turns import Limits
from bridge.outbound.accounts import Accounts
from bridge.outbound.clients import Clients, SiteLimits
from bridge.outbound.pinning import base_url
from bridge.sdk import Options, SecretText
from tests.outbound.shared_ledger import SharedLedger
from tests.outbound.timers import SetTimer

pytestmark = pytest.mark.anyio
HERE, THERE = base_url("https://api.example.test/v1", key="x"), base_url("https://other.example.test", key="x")
LIMITS = Limits(concurrent=16)


class Inner(Options):
    token: SecretText


class Vendors(Options):
    api_key: SecretText | None = None
    sign_in: Inner | None = None
    site: str = ""


def options(key: str | None = None, token: str | None = None, site: str = "") -> Vendors:
    inner = None if token is None else Inner(token=Secret(token))
    return Vendors(api_key=None if key is None else Secret(key), sign_in=inner, site=site)


@pytest.mark.parametrize(
    ("url", "other", "is_one"),
    [
        (HERE, options("k1", site="s2"), True),
        (base_url("https://api.example.test/v2", key="x"), options("k1"), True),
        (HERE, options("k2"), False),
        (THERE, options("k1"), False),
        (HERE, options("k1", token="t"), False),
        (HERE, options(), False),
    ],
    ids=["another site", "another path", "another key", "another host", "one secret more", "no secret"],
)
def test_one_account_is_one_host_and_the_same_secrets(url: httpx.URL, other: Vendors, is_one: bool) -> None:  # noqa: FBT001 - a column of the table
    accounts = Accounts()
    first = accounts.of_vendor(HERE, options("k1", site="s1"), "seam:lakeside/s1", LIMITS)
    second = accounts.of_vendor(url, other, "seam:lakeside/s2", LIMITS)
    assert (second is first) == is_one
    assert second.name == ("seam:lakeside/s1" if is_one else "seam:lakeside/s2")


def test_secrets_deep_in_the_options_count() -> None:
    accounts = Accounts()
    names = [
        accounts.of_vendor(HERE, options("k", token=token), f"brivo:lakeside/{n}", LIMITS).name
        for n, token in enumerate(["a", "b", "a"])
    ]
    assert names == ["brivo:lakeside/0", "brivo:lakeside/1", "brivo:lakeside/0"]


def test_the_tightest_limits_of_an_accounts_sites_hold() -> None:
    accounts = Accounts()
    account = accounts.of_vendor(HERE, options("k"), "seam:a", Limits(concurrent=8, rate=5))
    accounts.of_vendor(HERE, options("k"), "seam:b", Limits(concurrent=2))
    accounts.of_vendor(HERE, options("k"), "seam:c", Limits(concurrent=16, rate=1))
    assert account.pacer.limits == Limits(concurrent=2, rate=1)


async def test_a_site_with_limits_of_its_own_keeps_them_beside_its_accounts() -> None:
    async with AsyncExitStack() as stack:
        clients = Clients(stack, accounts=Accounts(), on_call=lambda _: None)
        own = clients.of_site("lakeside/s1", "sites.0.options", SiteLimits(account=LIMITS, site=Limits(concurrent=1)))
        other = clients.of_site("lakeside/s2", "sites.1.options", SiteLimits(account=LIMITS))
        made = [site.client_for(str(HERE), adapter="seam", options=options("k")) for site in (own, other)]
        assert own.account is other.account
        assert own.account is not None
        assert own.account.name == "seam:lakeside/s1"
        assert len(made) == 2


async def test_what_is_rented_is_given_back_in_the_end() -> None:
    timer = SetTimer()
    ledger = SharedLedger(timer)
    accounts = Accounts(ledger=ledger, holder="process1")
    account = accounts.open("connection:lakeside", LIMITS)
    (await account.permits.take()).give_back()
    assert ledger.books["connection:lakeside"].booked(timer.time()) == 1
    await accounts.aclose()
    assert ledger.books["connection:lakeside"].booked(timer.time()) == 0
