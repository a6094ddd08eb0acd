"""Tenancies as a controller sees them that fetches its list: the real bridge, platform to feed."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.store.sqlite.ways import SqliteWays
from tests.adapters.pull_feed.house import TOKENS, feed_house
from tests.service.hilltop import HILLTOP, UNITS
from tests.service.house import JONAS, SITE

pytestmark = pytest.mark.anyio


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.iterdir()]


async def test_a_whole_tenancy_is_a_row_that_comes_changes_and_goes(tmp_path: Path) -> None:
    async with feed_house(tmp_path) as one:
        house = one.house
        rental = house.move_in("B-014")
        await house.settle()
        code = house.code(rental)
        assert code is not None
        seen = [await one.rows()]
        house.world.mark_overdue(rental)
        await house.settle()
        seen.append(await one.rows())
        house.world.pay(rental)
        await house.settle()
        seen.append(await one.rows())
        assert seen == [[("B-014", code, word)] for word in ("allowed", "denied", "allowed")]
        assert house.status(rental) == "granted"
        house.move_out(rental)
        await house.settle()
        assert await one.rows() == []
        assert (house.code(rental), house.status(rental)) == (None, "revoked")
        assert await house.subjects() == {}


async def test_a_transfer_moves_the_row_and_keeps_the_code(tmp_path: Path) -> None:
    async with feed_house(tmp_path) as one:
        house = one.house
        old = house.move_in("B-014")
        await house.settle()
        code = house.code(old)
        house.transfer(old, "B-021")
        await house.settle()
        assert await one.rows() == [("B-021", code, "allowed")]


async def test_a_transfer_to_another_site_moves_between_feeds(tmp_path: Path) -> None:
    async with feed_house(tmp_path) as one:
        house = one.house
        old = house.move_in("B-014")
        await house.settle()
        code = house.code(old)
        house.world.transfer(old, UNITS["H-001"])
        await house.settle()
        assert (await one.rows(), await one.rows(HILLTOP)) == ([], [("H-001", code, "allowed")])


async def test_sites_never_mix(tmp_path: Path) -> None:
    async with feed_house(tmp_path) as one:
        house = one.house
        here = house.move_in("B-014")
        there = house.world.move_in(JONAS, UNITS["H-001"]).id
        await house.settle()
        assert await one.rows() == [("B-014", house.code(here), "allowed")]
        assert await one.rows(HILLTOP) == [("H-001", house.code(there), "allowed")]
        crossed = await one.fetch(HILLTOP, Authorization=f"Bearer {TOKENS[SITE]}")
        assert crossed.status_code == 401


async def test_a_code_that_staff_type_is_the_one_that_is_served(tmp_path: Path) -> None:
    async with feed_house(tmp_path) as one:
        house = one.house
        rental = house.move_in("B-014")
        await house.settle()
        house.edit(rental, pinCode="730519")
        await house.settle()
        assert await one.rows() == [("B-014", "730519", "allowed")]


async def test_a_second_sweep_writes_nothing(tmp_path: Path) -> None:
    async with feed_house(tmp_path) as one:
        house = one.house
        house.move_in("B-014")
        await house.settle()
        first = await one.fetch()
        await house.sweep()
        assert (await one.fetch()).headers["etag"] == first.headers["etag"]
        assert (await one.fetch(**{"If-None-Match": first.headers["etag"]})).status_code == 304


async def test_after_a_restart_the_feed_waits_until_everybody_was_looked_at(tmp_path: Path) -> None:
    async with feed_house(tmp_path) as one:
        house = one.house
        house.move_in("B-014")
        await house.settle()
        before = await one.rows()
        await house.restart()
        house.move_in("B-021", JONAS)
        early = await one.fetch()
        await house.bridge.sweeper.sweep()
        marked = await one.fetch()
        await house.settle()
        rows = await one.rows()
        assert [early.status_code, marked.status_code] == [503, 503]
        assert (len(rows), rows[:1]) == (2, before)


async def test_with_confirm_fetched_a_door_is_granted_when_a_controller_has_the_row(tmp_path: Path) -> None:
    async with feed_house(tmp_path, confirm="fetched") as one:
        house = one.house
        assert (await one.fetch()).status_code == 503
        rental = house.move_in("B-014")
        await house.settle()
        before = (house.status(rental), (await house.subjects()).get("ready"))
        await one.rows()
        await house.later(minutes=1)
        assert before == (None, 1)
        assert (house.status(rental), await house.subjects()) == ("granted", {})


async def test_codes_and_tokens_are_in_no_log_and_no_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with capture_logs() as logs:
        async with feed_house(tmp_path) as one:
            house = one.house
            rental = house.move_in("B-014")
            await house.settle()
            code = house.code(rental)
            assert code is not None
            answers = [await one.fetch(), await one.fetch(Authorization="Bearer nobody")]
            answers.append(await one.fetch(path="?format=xml"))
            files = contents(tmp_path)
            ways = house.bridge.store._ways
            assert isinstance(ways, SqliteWays)
            ways._readers.dispose()
            house.database.rename(house.database.with_suffix(".gone"))
            answers.append(await one.fetch())
            assert [answer.status_code for answer in answers] == [200, 401, 400, 503]
            refused = [f"{answer.headers} {answer.text}" for answer in answers[1:]]
            house.database.with_suffix(".gone").rename(house.database)
    out, err = capfd.readouterr()
    everything = f"{out} {err} {logs} {refused} {answers[0].headers} {answers[0].request.url}"
    assert {"feed.refused", "feed.unavailable"} <= {entry["event"] for entry in logs}
    for secret in (code, TOKENS[SITE]):
        assert secret not in everything
        assert not [content for content in files if secret.encode() in content]
