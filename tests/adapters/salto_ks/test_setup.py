"""What an operator is told of sign-in, site, role and groups."""

from typing import Any

import pytest
from pydantic import ValidationError

from adapters.salto_ks import ADAPTER
from adapters.salto_ks.simulation import Face
from bridge.domain.changes import Kind
from bridge.domain.errors import Unauthorized
from bridge.ports.findings import Finding, Verdict
from bridge.testing import wire as faults
from tests.adapters.salto_ks.rig import Rig, only, rig

pytestmark = pytest.mark.anyio


async def _wrong(bench: Rig) -> list[Finding]:
    return [one for one in await bench.bench.adapter.check() if one.verdict is not Verdict.OK]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"password": "wrong"}, "username or the password"),
        ({"client_secret": "wrong"}, "client_secret"),
    ],
)
async def test_a_refused_sign_in_says_what_to_correct(options: dict[str, Any], says: str) -> None:
    async with rig(**options) as bench:
        (finding,) = await _wrong(bench)
        assert finding.verdict is Verdict.FAILED
        assert says in finding.text
        assert "admin@" not in finding.text
        with pytest.raises(Unauthorized):
            await bench.hands.observe()


async def test_a_client_without_the_password_grant_is_told_of() -> None:
    async with rig() as bench:
        refusal = faults.answers(400, b'{"error": "unauthorized_client", "error_description": "p4ssword"}')
        bench.bench.wire.arm(only("POST", "/connect/token", refusal), times=None)
        (finding,) = await _wrong(bench)
        assert "password grant" in finding.text
        assert "p4ssword" not in finding.text


async def test_a_token_is_asked_for_once_and_again_when_it_ran_out() -> None:
    async with rig(Face(token_seconds=300)) as bench:
        for _ in range(2):
            await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert len(bench.sent("POST", "/connect/token")) == 1
        bench.clock.advance(301)
        await bench.hands.apply(Kind.GRANT, bench.doors[1])
        assert len(bench.sent("POST", "/connect/token")) == 2


async def test_a_site_that_the_account_does_not_see_fails_the_check() -> None:
    async with rig(site="00000000-0000-4000-8000-000000000000") as bench:
        (finding,) = await _wrong(bench)
        assert finding.verdict is Verdict.FAILED
        assert "options.site" in finding.advice


async def test_a_role_that_is_not_there_is_answered_with_those_that_are() -> None:
    async with rig(role="Caretaker") as bench:
        (finding,) = await _wrong(bench)
        assert finding.verdict is Verdict.FAILED
        assert "Site admin, User" in finding.text


async def test_groups_that_cannot_be_told_apart_are_a_warning() -> None:
    async with rig(targets_by="name") as bench:
        for group in bench.simulation.site.groups.values():
            group.customer_reference = "Gate"
        (finding,) = await _wrong(bench)
        assert (finding.verdict, "Gate" in finding.text) == (Verdict.WARNING, True)


async def test_a_site_without_groups_is_a_warning() -> None:
    async with rig() as bench:
        bench.simulation.site.groups.clear()
        assert [finding.verdict for finding in await _wrong(bench)] == [Verdict.WARNING]


async def test_the_seats_that_are_taken_are_counted() -> None:
    async with rig() as bench:
        bench.simulation.crowd(70)
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        await bench.hands.apply(Kind.SUSPEND)
        assert "71 people, 70 of them" in (await bench.bench.adapter.check())[-1].text


@pytest.mark.parametrize(
    "option",
    [
        {"api_url": "http://connect.example"},
        {"identity_url": "https://user@identity.example"},
        {"site": "DE1' or '1' eq '1"},
        {"site": "../v2"},
        {"page_size": 0},
        {"password": " "},
        {"client_id": ""},
        {"environment": "test"},
    ],
)
async def test_an_option_that_cannot_be_right_is_refused(option: dict[str, object]) -> None:
    async with rig() as bench:
        with pytest.raises(ValidationError):
            ADAPTER.options.model_validate({**bench.simulation.options, **option})
