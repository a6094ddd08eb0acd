"""`gatebridge queue` and `gatebridge deadletters` over a store that no running bridge owns, in this process."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import typer
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.domain.access import AccessRecord, AccessStatus
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.outcome import Dead
from bridge.ports.clock import SystemClock
from bridge.ports.store import DeliverySettlement, SubjectCommit
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.cli.terminal import invoke
from tests.cli.test_mistakes import GOOD
from tests.contracts.store_builders import a_delivery, a_key, claimed

OPEN = AccessRecord(rental=RentalId("r1"), status=AccessStatus.NONE, targets=frozenset({TargetId("B-1")}))


@pytest.fixture(autouse=True)
def _logs_as_ever() -> Iterator[None]:
    """Undo what the command says of the process's log."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with a dead tenant who may still open a door, another at another site, and a dead delivery."""
    monkeypatch.setenv("CLI_API_KEY", "key-of-the-cli-tests")
    file = tmp_path / "gatebridge.toml"
    file.write_text(GOOD.format(folder=tmp_path))
    asyncio.run(give_up(file))
    return file


async def give_up(file: Path) -> None:
    async with open_store(load(file), Metrics(), SystemClock()) as store:
        removal = SubjectCommit(outcome=Dead(why="the gate refused"), access=(OPEN,))
        await store.commit(await claimed(store, a_key("t1")), removal)
        other = await claimed(store, a_key("t2", site="site2"))
        await store.commit(other, SubjectCommit(outcome=Dead(why="no capacity")))
        await store.put(a_delivery("dead"))
        (claim,) = await store.claim_deliveries(1)
        await store.settle_delivery(claim, DeliverySettlement(outcome=Dead(why="\x1b[2Jno such job")))


def ids(config: Path, *options: str) -> list[str]:
    listed = run(config, "list", "--json", *options)
    return [row["id"] for row in json.loads(listed.stdout)]


def run(config: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["--config", str(config), "deadletters", *arguments], input=typed)


def test_the_queue_says_how_the_work_stands(config: Path) -> None:
    shown = invoke(["--config", str(config), "queue"])
    as_json = invoke(["--config", str(config), "queue", "--json", "--site", "site2"])
    lines = shown.stdout.splitlines()
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert lines[0] == "Deliveries: 0 new, 0 running, 0 quarantined, 1 dead"
    assert lines[1] == "Tenants: 0 due, 0 to be tried again, 0 waiting for a date, 0 running, 2 dead"
    assert lines[2] == "Oldest event that is owed: none"
    assert json.loads(as_json.stdout)["subjects"]["dead"] == 1


def test_the_list_says_who_why_and_what_may_be_open(config: Path) -> None:
    shown = invoke(["--config", str(config), "deadletters", "list"])
    rows = [" ".join(line.split()) for line in shown.stdout.splitlines()[1:]]
    assert rows[0] == "s1 1 tenant t1, site site1: the gate refused; may still open B-1"
    assert rows[1] == "s2 1 tenant t2, site site2: no capacity"
    assert rows[2] == "d3 1 job.unit_moveIn.completed of lakeside: [2Jno such job"
    assert "\x1b" not in shown.stdout
    assert ids(config, "--kind", "delivery") == ["d3"]
    assert ids(config, "--site", "site2") == ["s2"]
    assert ids(config, "--why", "CAPACITY") == ["s2"]


def test_one_is_shown_with_its_doors(config: Path) -> None:
    shown = run(config, "show", "s1")
    assert "B-1, for rental r1 (last wanted: revoked)" in shown.stdout
    assert "gatebridge explain --tenant t1 --site site1" in shown.stdout
    assert "gatebridge deliveries show 3" in run(config, "show", "d3").stdout
    assert json.loads(run(config, "show", "s1", "--json").stdout)["id"] == "s1"


def test_a_replay_by_id_asks_nothing(config: Path) -> None:
    done = run(config, "replay", "s1", "d3")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "To be looked at again: 2\n", "")
    assert ids(config) == ["s2"]


def test_an_open_door_stays_on_the_list_unless_it_is_said_to_be_known(config: Path) -> None:
    first = run(config, "discard", "s1", "s2", "--reason", "the site was sold")
    assert (first.exit_code, first.stdout) == (1, "Taken off the list: 1\n")
    assert first.stderr.count("\n") == 1
    assert "s1 is about a tenant who may still open B-1 (last wanted: revoked)" in first.stderr
    assert ids(config) == ["s1", "d3"]
    second = run(config, "discard", "s1", "--reason", "sold", "--open-doors-stay-open", "--json")
    assert [row["id"] for row in json.loads(second.stdout)["done"]] == ["s1"]
    assert ids(config) == ["d3"]


def test_all_that_match_are_shown_and_asked_for_first(config: Path) -> None:
    refused = run(config, "discard", "--all-matching", "--why", "no", "--reason", "old", typed="n\n")
    assert (refused.exit_code, refused.stderr) == (1, "gatebridge: nothing was changed\n")
    assert "2 will be taken off the list" in refused.stdout
    assert "no capacity" in refused.stdout
    assert "the gate refused" not in refused.stdout
    assert ids(config) == ["s1", "s2", "d3"]
    agreed = run(config, "discard", "--all-matching", "--why", "no", "--reason", "old", typed="y\n")
    assert agreed.exit_code == 0
    assert ids(config) == ["s1"]


def test_a_script_that_forgot_to_say_yes_changes_nothing(config: Path) -> None:
    done = run(config, "replay", "--all-matching")
    assert done.exit_code == 1
    assert "--yes" in done.stderr
    assert ids(config) == ["s1", "s2", "d3"]
    assert run(config, "replay", "--all-matching", "--yes").stdout == "To be looked at again: 3\n"
    assert json.loads(run(config, "replay", "--all-matching", "--yes", "--json").stdout) == {"done": [], "refused": []}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("replay",), "--all-matching"),
        (("replay", "s1", "--all-matching"), "--all-matching"),
        (("replay", "s1", "--site", "site1"), "--site"),
        (("replay", "17"), "17"),
        (("show", "s01"), "s01"),
        (("discard", "s1"), "reason"),
        (("discard", "s1", "--reason", " "), "--reason"),
        (("list", "--why", " "), "--why"),
        (("list", "--kind", "person"), "person"),
        (("replay", "--all-matching", "--json"), "--yes"),
    ],
)
def test_a_mistake_is_said_and_changes_nothing(config: Path, arguments: tuple[str, ...], says: str) -> None:
    mistake = CliRunner().invoke(app, ["--config", str(config), "deadletters", *arguments], standalone_mode=False)
    assert isinstance(mistake.exception, typer.TyperException)
    assert says in mistake.exception.format_message()
    assert ids(config) == ["s1", "s2", "d3"]
