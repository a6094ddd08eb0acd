"""One delivery, posted to four processes at once a hundred times: one row, one effect, a hundred answers."""

import asyncio
import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.crash.databases import Database
from tests.crash.mortal import (
    assert_granted_once,
    assert_nothing_is_stuck,
    at_rest,
    furnished,
    rents,
    rows,
)
from tests.flow.house import Bridge, House, sign

COPIES = 100
BRIDGES = 4


def test_a_hundred_copies_to_four_processes_are_one_row_and_one_effect(  # D01
    sandbox: House, served_database: Database, tmp_path: Path
) -> None:
    houses = [furnished(sandbox, folder, served_database) for folder in _folders(tmp_path)]
    tenancy = rents(houses[0])
    with ExitStack() as stack:
        bridges = [stack.enter_context(house.serving()) for house in houses]
        said = asyncio.run(_posted(bridges, json.dumps(tenancy.move_in()).encode()))
        houses[0].until_status(tenancy.rental, "granted")
        at_rest(houses[0], bridges[0])
    assert Counter(said) == {"accepted": 1, "duplicate": COPIES - 1}
    assert rows(houses[0], "SELECT state FROM delivery") == [("done",)]
    assert rows(houses[0], "SELECT state FROM code") == [("current",)]
    assert_granted_once(houses[0], tenancy)
    assert_nothing_is_stuck(houses[0])


def _folders(parent: Path) -> list[Path]:
    folders = [parent / str(number) for number in range(BRIDGES)]
    for folder in folders:
        folder.mkdir()
    return folders


async def _posted(bridges: list[Bridge], body: bytes) -> list[str]:
    async with httpx.AsyncClient(timeout=10, trust_env=False, limits=httpx.Limits(max_connections=None)) as client:

        async def post(number: int) -> str:
            url = f"http://127.0.0.1:{bridges[number % BRIDGES].port}/webhooks/lakeside"
            answer = await client.post(url, content=body, headers={"sg-signature": sign(body)})
            assert answer.status_code == 200
            return str(answer.json()["message"])

        return await asyncio.gather(*map(post, range(COPIES)))
