"""The sandbox's page: nothing foreign runs on it, nothing secret is on it unasked, and its keypad reaches the gate."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import structlog

from bridge.domain.credential import Secret
from bridge.sandbox.page.page import FILES
from bridge.sandbox.platform import LAKESIDE, MIRA, PlatformSettings, Sender, World, build_platform, demo_world

pytestmark = pytest.mark.anyio

B014 = "66f1a0c2b7d4e90015c0d014"
SCRIPT = '"><script>alert(1)</script>'


def opens(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"opened": json.loads(request.content)["code"] == "482913", "reason": "ok"})


@asynccontextmanager
async def browse(
    world: World, gate: Callable[[httpx.Request], httpx.Response] = opens, **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    settings = PlatformSettings(**{"gate_url": "http://gate.test", "api_keys": (Secret("k"),), **changes})
    gate_client = httpx.AsyncClient(transport=httpx.MockTransport(gate))
    app = build_platform(world, Sender(world, settings), settings, gate_client=gate_client)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://platform.test") as client:
        yield client


@pytest.fixture
def world() -> World:
    return demo_world()


async def test_nothing_but_the_pages_own_files_may_run(world: World) -> None:
    async with browse(world) as client:
        for path in ("/", *(f"/page/{name}" for name in FILES)):
            answer = await client.get(path)
            assert answer.status_code == 200
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_has_no_inline_script_style_or_foreign_address(world: World) -> None:
    async with browse(world) as client:
        page = (await client.get("/")).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|javascript:|https?://", page)


async def test_every_file_that_the_page_or_its_scripts_name_is_served(world: World) -> None:
    async with browse(world) as client:
        named = set(re.findall(r'(?:src|href)="(/[^"]+)"', (await client.get("/")).text))
        for name in FILES:
            if name.endswith(".js"):
                script = (await client.get(f"/page/{name}")).text
                named |= {f"/page/{imported}" for imported in re.findall(r'from "\./([^"]+)"', script)}
        assert named
        for path in named:
            assert (await client.get(path)).status_code == 200, path


async def test_a_business_called_like_a_script_stays_text(world: World) -> None:
    async with browse(world, business_code=SCRIPT) as client:
        page = (await client.get("/")).text
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_a_tenant_called_like_a_script_is_data_and_never_markup(world: World) -> None:
    tenant = world.create_tenant(first_name=SCRIPT, last_name="", email="x@example.net")
    world.move_in(tenant.id, B014)
    async with browse(world) as client:
        board = await client.get("/sandbox/board")
        page = (await client.get("/")).text
        scripts = [(await client.get(f"/page/{name}")).text for name in FILES if name.endswith(".js")]
    assert board.headers["content-type"] == "application/json"
    assert SCRIPT not in page
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", "".join(scripts)
    )


async def test_no_gate_code_is_on_the_board_unless_it_is_asked_for(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.edit_rental(rental.id, {"gate_pinCode": "482913"})
    async with browse(world) as client:
        masked, shown = await client.get("/sandbox/board"), await client.get("/sandbox/board?codes=show")
    assert "482913" not in masked.text
    assert '"hasCode":true' in masked.text
    assert '"code":"482913"' in shown.text
    assert shown.headers["cache-control"] == "no-store"


async def test_the_board_shows_what_the_bridge_wrote_back(world: World) -> None:
    rental = world.move_in(MIRA, B014)
    world.mark_overdue(rental.id)
    world.edit_rental(rental.id, {"sim_status": "suspended: overdue", "sim_overlocked": True, "gate_status": "other"})
    world.edit_unit(B014, {"sim_id": "DOOR-14"})
    async with browse(world, field_prefix="sim") as client:
        board = (await client.get("/sandbox/board")).json()
    shown = next(unit["rental"] for unit in board["units"] if unit["id"] == B014)
    assert (shown["tenant"], shown["overdue"], shown["overlocked"]) == ("Mira Okafor", True, True)
    assert shown["status"] == "suspended: overdue"
    assert board["doors"] == [{"site": LAKESIDE, "siteTitle": "Lakeside", "target": "DOOR-14"}]


async def test_a_unit_that_is_opted_out_has_no_door(world: World) -> None:
    async with browse(world) as client:
        doors = (await client.get("/sandbox/board")).json()["doors"]
    assert "NONE" not in {door["target"] for door in doors}
    assert len(doors) == 5


async def test_an_ended_rental_still_shows_its_last_word(world: World) -> None:
    rental = world.confirm_move_out(world.move_in(MIRA, B014).id)
    world.edit_rental(rental.id, {"gate_status": "revoked"})
    async with browse(world) as client:
        (ended,) = (await client.get("/sandbox/board")).json()["ended"]
    assert (ended["unit"], ended["status"], ended["hasCode"]) == ("B-014", "revoked", False)


async def press(client: httpx.AsyncClient, code: Any = "482913") -> httpx.Response:
    return await client.post("/sandbox/keypad", json={"site": LAKESIDE, "target": "B-014", "code": code})


@pytest.mark.parametrize(("code", "opened"), [("482913", True), ("111222", False)])
async def test_the_keypad_hands_on_what_the_gate_says(world: World, code: str, opened: bool) -> None:  # noqa: FBT001 - a table's column
    async with browse(world) as client:
        answer = await press(client, code)
    assert answer.json() == {"opened": opened, "reason": "ok"}


async def test_the_gate_is_asked_at_its_own_path_with_nothing_added(world: World) -> None:
    asked: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"opened": False, "reason": "unknown_code"})

    async with browse(world, note, gate_url="http://gate.test/") as client:
        await press(client)
    (request,) = asked
    assert str(request.url) == "http://gate.test/keypad"
    assert json.loads(request.content) == {"site": LAKESIDE, "target": "B-014", "code": "482913"}


async def test_without_a_gate_the_keypad_says_so(world: World) -> None:
    async with browse(world, gate_url=None) as client:
        answer = await press(client)
        board = (await client.get("/sandbox/board")).json()
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "no_gate")
    assert board["hasGate"] is False


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize(
    "gate",
    [
        unreachable,
        lambda _: httpx.Response(500),
        lambda _: httpx.Response(200, text="<html>"),
        lambda _: httpx.Response(200, json=[]),
        lambda _: httpx.Response(200, json={"opened": "yes"}),
    ],
    ids=["unreachable", "500", "html", "list", "text"],
)
async def test_a_gate_that_makes_no_sense_never_looks_open(
    world: World, gate: Callable[[httpx.Request], httpx.Response]
) -> None:
    async with browse(world, gate) as client:
        answer = await press(client)
    assert answer.status_code == 502
    assert "opened" not in answer.json()


@pytest.mark.parametrize("code", [None, 482913, "1" * 300, {"a": 1}])
async def test_what_no_keypad_can_type_is_refused(world: World, code: Any) -> None:
    async with browse(world) as client:
        assert (await press(client, code)).status_code == 400


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 4000, b" " * 5000])
async def test_a_keypad_body_that_cannot_be_read_is_400(world: World, content: bytes) -> None:
    async with browse(world) as client:
        answer = await client.post("/sandbox/keypad", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400


async def test_a_typed_code_is_in_no_log_line(world: World) -> None:
    with structlog.testing.capture_logs() as lines:
        async with browse(world, unreachable) as client:
            answer = await press(client)
    assert lines
    assert "482913" not in json.dumps([*lines, answer.json()])
