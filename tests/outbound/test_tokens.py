"""A token is asked for once, kept while it lasts, and replaced once where it is refused."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.domain.errors import Unauthorized, Unreachable
from bridge.outbound.calls import call
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.outbound.tokens import Token, TokenAuth

pytestmark = pytest.mark.anyio
HOST = base_url("https://api.example.test", key="x")


class Account:
    """Tells its tokens apart by number, and takes only the good ones."""

    def __init__(self, *, seconds: float = 3600) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.signed_in = 0
        self.sign_ins = 0
        self.good: Callable[[str], bool] = lambda _: True
        self.failure: Exception | None = None
        self.asked: list[str] = []
        auth = TokenAuth(self.sign_in, clock=lambda: self.now)
        self.client = make_client(HOST, transport=httpx.MockTransport(self.answer))
        self.client.auth = auth

    async def sign_in(self) -> Token:
        self.sign_ins += 1
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        self.signed_in += 1
        return Token(value=Secret(f"token-{self.signed_in}"), seconds=self.seconds)

    def answer(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"]
        self.asked.append(token)
        return httpx.Response(200 if self.good(token) else 401, json={})


async def test_many_calls_at_once_sign_in_once() -> None:
    account = Account()
    await asyncio.gather(*(call(account.client, "GET", "things") for _ in range(20)))
    assert account.signed_in == 1
    assert set(account.asked) == {"Bearer token-1"}


@pytest.mark.parametrize(("seconds", "last"), [(3600, 3539), (300, 239), (60, 47), (10, 7.9)])
async def test_a_token_is_replaced_before_it_runs_out(seconds: float, last: float) -> None:
    account = Account(seconds=seconds)
    await call(account.client, "GET", "things")
    account.now = last
    await call(account.client, "GET", "things")
    assert account.signed_in == 1
    account.now = seconds - 1 if seconds > 60 else last + 1
    await call(account.client, "GET", "things")
    assert account.signed_in == 2


async def test_a_refused_token_is_replaced_once_and_the_call_made_again() -> None:
    account = Account()
    account.good = lambda token: token.endswith("2")
    await call(account.client, "POST", "things", json={"a": 1})
    assert account.asked == ["Bearer token-1", "Bearer token-2"]


async def test_a_second_refusal_is_the_callers() -> None:
    account = Account()
    account.good = lambda _: False
    with pytest.raises(Unauthorized):
        await call(account.client, "GET", "things")
    assert len(account.asked) == 2


async def test_calls_that_are_refused_together_replace_the_token_once() -> None:
    account = Account()
    account.good = lambda token: not token.endswith("1")
    await asyncio.gather(*(call(account.client, "GET", "things") for _ in range(10)))
    assert account.signed_in == 2


@pytest.mark.parametrize("failure", [Unauthorized("refused"), Unreachable("away")])
async def test_a_sign_in_that_fails_says_how_and_is_tried_by_the_next_call(failure: Exception) -> None:
    account = Account()
    account.failure = failure
    with pytest.raises(type(failure)):
        await call(account.client, "POST", "things")
    account.failure = None
    await call(account.client, "POST", "things")
    assert account.signed_in == 1


async def test_who_waits_while_another_signs_in_in_vain_fails_with_it() -> None:
    account = Account()
    account.failure = Unreachable("away")
    ends = await asyncio.gather(*(call(account.client, "PUT", "things") for _ in range(9)), return_exceptions=True)
    assert {str(end) for end in ends} == {"away"}
    assert account.sign_ins == 1


def test_no_repr_shows_a_token() -> None:
    assert "sesame" not in repr(Token(value=Secret("sesame"), seconds=1))
