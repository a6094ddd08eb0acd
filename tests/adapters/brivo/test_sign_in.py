"""Signing in: short tokens, two hosts, and who is told of a refusal."""

from base64 import b64encode
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.brivo import ADAPTER
from adapters.brivo.options import BrivoOptions
from bridge.domain.changes import Kind
from bridge.domain.errors import Rejected, Unauthorized
from bridge.ports.findings import Verdict
from bridge.testing import wire as faults
from tests.adapters.brivo.rig import CODE, OTHER_CODE, rig

pytestmark = pytest.mark.anyio
GIVEN = {"client_id": "c", "client_secret": "s-77", "api_key": "k-88", "username": "u", "password": "p-99"}


@pytest.mark.parametrize(
    ("region", "auth", "api"),
    [
        ("us", "auth.brivo.com", "api.brivo.com"),
        ("eu", "auth.eu.brivo.com", "api.eu.brivo.com"),
    ],
)
async def test_one_signs_in_at_one_host_and_works_at_the_other(region: str, auth: str, api: str) -> None:
    async with rig(region=region) as bench:
        await bench.grant()
        sign_ins = [request for request in bench.wire.requests if request.url.path == "/oauth/token"]
        assert {request.url.host for request in sign_ins} == {auth}
        assert {request.url.host for request in bench.wire.requests if request not in sign_ins} == {api}
        assert len(sign_ins) == 1
        assert sign_ins[0].headers["authorization"] == f"Basic {b64encode(b'client-11aa:s-33cc-hidden').decode()}"
        assert {request.headers["api-key"] for request in bench.wire.requests} == {"k-55ee-hidden"}
        assert bench.wire.requests[-1].headers["authorization"] == "bearer token-1"


async def test_a_token_that_ran_out_is_replaced_and_the_write_is_done_once() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.clock.advance(61)
        await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert [call for call in bench.calls if call.startswith("POST /oauth")] == ["POST /oauth/token"] * 2
        assert bench.user["pin"] == "590274"


WRONG = ["client_id", "client_secret", "api_key", "username", "password"]


@pytest.mark.parametrize("key", WRONG)
async def test_a_wrong_key_fails_the_check_with_advice(key: str) -> None:
    wrong: dict[str, Any] = {key: "another"}
    async with rig(**wrong) as bench:
        (finding,) = await bench.adapter.check()
        assert finding.verdict is Verdict.FAILED
        assert key in finding.advice
        with pytest.raises(Unauthorized):
            await bench.grant()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"error": "invalid_grant", "error_description": "Bad credentials: p 77"}', Unauthorized),
        ('{"error": "invalid_scope"}', Rejected),
        ('{"message": "p 77"}', Rejected),
        ("<html>", Rejected),
    ],
)
async def test_a_refused_sign_in_stops_the_site_only_where_it_speaks_of_who_asks(
    body: str, error: type[Exception]
) -> None:
    async with rig() as bench:
        bench.wire.arm(faults.answers(400, body))
        with pytest.raises(error) as caught:
            await bench.grant()
        assert type(caught.value) is error
        assert "77" not in str(caught.value)


async def test_a_group_without_rights_stops_the_site() -> None:
    async with rig() as bench:
        bench.wire.arm(faults.answers(403, '{"code": 403, "message": "Forbidden"}'), at=4)
        with pytest.raises(Unauthorized):
            await bench.grant()


async def test_a_good_account_passes_the_check_and_hears_what_cannot_be_read() -> None:
    async with rig() as bench:
        (finding,) = await bench.adapter.check()
        assert (finding.verdict, bench.writes) == (Verdict.OK, [])
        assert "4 groups" in finding.text
        assert "options.code_length is 6" in finding.text


async def test_an_account_without_a_group_is_warned_of() -> None:
    async with rig() as bench:
        bench.vendor.account.groups.clear()
        assert [finding.verdict for finding in await bench.adapter.check()] == [Verdict.OK, Verdict.WARNING]


async def test_no_error_names_a_tenant_in_brivos_own_words() -> None:
    telltale = f'{{"code": "E-{CODE.reveal()}", "message": "Mira Okafor, 0482 13, okafor is known"}}'
    async with rig() as bench:
        bench.wire.arm(faults.answers(400, telltale), at=3)
        with pytest.raises(Rejected) as caught:
            await bench.grant()
        said = str(caught.value)
        assert "is known" in said
        assert not [word for word in ("Mira", "kafor", "048213", "0482 13") if word in said]


@pytest.mark.parametrize("key", ["auth_url", "api_url"])
def test_a_url_that_keys_must_not_travel_to_is_refused(key: str) -> None:
    with pytest.raises(ValidationError):
        BrivoOptions.model_validate({**GIVEN, key: "http://brivo.example.com"})


def test_other_hosts_take_the_place_of_the_regions() -> None:
    options = BrivoOptions.model_validate({**GIVEN, "region": "eu", "api_url": "https://brivo.example.com/x"})
    assert options.hosts == ("https://auth.eu.brivo.com/", "https://brivo.example.com/x/")


@pytest.mark.parametrize(
    "wrong", [{"region": "mars"}, {"code_length": 3}, {"external_id_length": 8}, {"targets": "door"}, {"username": " "}]
)
def test_an_option_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        BrivoOptions.model_validate({**GIVEN, **wrong})
    assert [error["loc"] for error in caught.value.errors()] == [tuple(wrong)]


def test_codes_have_the_length_of_the_account() -> None:
    rules = ADAPTER.capabilities(BrivoOptions.model_validate({**GIVEN, "code_length": 5})).code_rules
    assert (rules.min_length, rules.max_length) == (5, 5)
