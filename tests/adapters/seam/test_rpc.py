"""How Seam is spoken to, and what its refusals come to."""

import contextlib
import json

import httpx
import pytest

from bridge.domain.changes import Kind
from bridge.domain.errors import Anomaly, BridgeError, Conflict, OutcomeUnknown, RateLimited, Rejected, Unauthorized
from bridge.testing import wire as faults
from bridge.testing.hands import somebody
from tests.adapters.seam.rig import CODE, OTHER, workspace

pytestmark = pytest.mark.anyio
KEY = "seam_simulated_key"


async def test_all_is_posted_and_nothing_is_said_in_an_address() -> None:
    async with workspace(workspace="0d6a3c1e-7f28-4b9d-a5c4-2e8b6f1d0a77") as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        await hands.apply(Kind.SUSPEND, door)
        await hands.apply(Kind.REMOVE_PERSON)
        for request in bench.wire.requests:
            assert (request.method, request.url.query) == ("POST", b"")
            assert request.headers["authorization"] == f"Bearer {KEY}"
            assert request.headers["seam-workspace"] == "0d6a3c1e-7f28-4b9d-a5c4-2e8b6f1d0a77"


async def test_a_refusal_tells_neither_the_digits_nor_the_tenant() -> None:
    async with workspace() as (bench, seam):
        door = bench.simulation.doors[0]
        seam.add_in_console(door, "Mira Okafor", CODE.reveal())
        with pytest.raises(Conflict, match="duplicate_access_code") as caught:
            await bench.hands().apply(Kind.GRANT, door, CODE)
        for private in (CODE.reveal(), "Mira", "Okafor"):
            assert private not in str(caught.value)


async def test_a_refusal_does_not_tell_the_beginning_of_a_name_either() -> None:
    async def repeats(request: httpx.Request, carry: faults.Carry) -> httpx.Response:
        name = json.loads(request.content).get("name")
        error = {"type": "invalid_input", "message": f"not a name: {name}"}
        return (
            httpx.Response(400, json={"error": error, "ok": False}, request=request) if name else await carry(request)
        )

    person = somebody("Maximiliane Wolfeschlegelsteinhausenbergerdorff")
    async with workspace() as (bench, _):
        bench.wire.arm(repeats, times=None)
        with pytest.raises(Rejected, match="not a name") as caught:
            await bench.hands(person).apply(Kind.GRANT, bench.simulation.doors[0], CODE)
        assert not [words for words in ("Maximil", "Wolfe") if words in str(caught.value)]


@pytest.mark.parametrize(
    ("status", "type_", "kind"),
    [
        (400, "invalid_input", Rejected),
        (400, "missing_workspace_id", Unauthorized),
        (401, "whatever", Unauthorized),
        (403, "whatever", Unauthorized),
        (404, "device_not_found", Rejected),
        (409, "duplicate_access_code", Conflict),
        (409, "another_reason", Rejected),
        (429, "too_many_requests", RateLimited),
        (503, "", OutcomeUnknown),
    ],
)
async def test_what_a_refused_creation_comes_to(status: int, type_: str, kind: type[BridgeError]) -> None:
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        body = json.dumps({"error": {"type": type_, "message": "no"}, "ok": False})
        bench.wire.arm(faults.answers(status, body), at=1)
        with pytest.raises(kind) as caught:
            await hands.apply(Kind.GRANT, door, CODE)
        assert type(caught.value) is kind
        await hands.apply(Kind.GRANT, door, CODE)


async def test_a_failure_without_a_reason_within_a_success_may_have_been_done() -> None:
    async with workspace() as (bench, _):
        bench.wire.arm(faults.answers(200, '{"ok": false}'), at=1)
        with pytest.raises(OutcomeUnknown):
            await bench.hands().apply(Kind.GRANT, bench.simulation.doors[0], CODE)


async def test_an_order_that_failed_at_once_has_failed() -> None:
    failed = {"status": "error", "error": {"type": "duplicate_access_code", "message": "590274 is taken"}}
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.arm(_instead_of("/access_codes/update", {"action_attempt": failed, "ok": True}), times=None)
        with pytest.raises(Conflict) as caught:
            await hands.apply(Kind.CHANGE_CODE, None, OTHER)
        assert "590274" not in str(caught.value)


@pytest.mark.parametrize(
    "pagination",
    [
        {"has_next_page": True, "next_page_cursor": None},
        {"has_next_page": True, "next_page_cursor": "always the same"},
        {"has_next_page": "perhaps"},
    ],
)
async def test_a_listing_that_does_not_go_on_as_it_says_is_not_believed(pagination: dict[str, object]) -> None:
    body = json.dumps({"access_codes": [], "pagination": pagination, "ok": True})
    async with workspace() as (bench, _):
        hands = bench.hands()
        hands.touched.add(bench.simulation.doors[0])
        bench.wire.arm(faults.answers(200, body), times=None)
        with pytest.raises(Anomaly):
            await hands.observe()


@pytest.mark.parametrize("how", ["twice", "without an id", "full"])
async def test_a_listing_that_cannot_be_whole_is_not_believed(how: str) -> None:
    codes = {
        "twice": [{"access_code_id": "1"}] * 2,
        "without an id": [{"name": "x"}],
        "full": [{"access_code_id": str(number), "device_id": "x"} for number in range(500)],
    }[how]
    async with workspace() as (bench, _):
        hands = bench.hands()
        hands.touched.add(bench.simulation.doors[0])
        bench.wire.arm(faults.answers(200, json.dumps({"access_codes": codes, "ok": True})))
        with pytest.raises(Anomaly):
            await hands.observe()


def _instead_of(path: str, body: dict[str, object]) -> faults.Fault:
    async def fault(request: httpx.Request, carry: faults.Carry) -> httpx.Response:
        if request.url.path != path:
            return await carry(request)
        return httpx.Response(200, json=body, request=request)

    return fault


async def test_a_success_with_nothing_in_it_makes_nobody_gone() -> None:
    async with workspace() as (bench, _):
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        for call in range(len(bench.wire.requests)):
            bench.wire.arm(faults.answers(200, b'{"ok": true}'), at=call, times=2)
            with contextlib.suppress(Anomaly):
                assert (await hands.observe()).exists
            bench.wire.mend()
