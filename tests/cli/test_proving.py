"""`gatebridge ledger`, `who` and `erase` over a store that no running bridge owns, in this process."""

import asyncio
import csv
import hashlib
import io
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import Result

from bridge.cli.ledger import csv_line
from bridge.domain.access import AccessRecord, AccessStatus, Certainty
from bridge.domain.credential import GateCode
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.ledger import GENESIS, LedgerEntry, LedgerKind
from bridge.domain.outcome import Done
from bridge.ports.clock import SystemClock
from bridge.ports.store import SubjectCommit
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.cli.terminal import invoke
from tests.cli.test_mistakes import GOOD
from tests.contracts.store_builders import a_key, claimed

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEEDED = "482913"
MIRA, JONAS = a_key("mira"), a_key("jonas")
DOOR = TargetId("=B-014")


@pytest.fixture(autouse=True)
def _logs_as_ever() -> Iterator[None]:
    """Undo what the command says of the process's log."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLI_API_KEY", "key-of-the-cli-tests")
    file = tmp_path / "gatebridge.toml"
    file.write_text(GOOD.format(folder=tmp_path))
    return file


@pytest.fixture
def config(empty: Path) -> Path:
    """A store with a tenant at a door whose name is a formula, and one who has left."""
    asyncio.run(live(empty))
    return empty


def a_line(kind: LedgerKind, what: str, minutes: int, **details: str) -> LedgerEntry:
    return LedgerEntry(
        kind=kind,
        at=START + timedelta(minutes=minutes),
        what=what,
        subject=MIRA,
        rental=RentalId("r1"),
        target=DOOR,
        details=details,
    )


async def live(file: Path) -> None:
    async with open_store(load(file), Metrics(), SystemClock()) as store:
        claim = await claimed(store, MIRA)
        await store.take_code(claim, GateCode(SEEDED), a_line(LedgerKind.CODE, "made", 0))
        granted = AccessRecord(
            rental=RentalId("r1"),
            unit=UnitId("u1"),
            status=AccessStatus.GRANTED,
            certainty=Certainty.CONFIRMED,
            targets=frozenset({DOOR}),
        )
        entries = (
            a_line(LedgerKind.INTENT, "grant", 1, door="closed", wanted="granted"),
            a_line(LedgerKind.OUTCOME, "accepted", 2, change="grant"),
            a_line(LedgerKind.READ_BACK, "confirmed", 3, change="grant", door="open"),
        )
        await store.commit(claim, SubjectCommit(outcome=Done(), access=(granted,), entries=entries))
        gone = await claimed(store, JONAS)
        await store.take_code(gone, GateCode("771204"), a_line(LedgerKind.CODE, "made", 4))
        await store.commit(gone, SubjectCommit(outcome=Done()))


def run(config: Path, *arguments: str) -> Result:
    return invoke(["--config", str(config), *arguments])


def spoil(config: Path) -> None:
    with closing(sqlite3.connect(config.parent / "gatebridge.db")) as database, database:
        database.execute("DROP TRIGGER ledger_no_update")
        database.execute("UPDATE ledger SET what = 'revoke' WHERE id = 2")


def test_a_whole_ledger_says_how_many_and_until_when(config: Path) -> None:
    done = run(config, "ledger", "verify")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == (
        "All 5 entries hold, from 2026-03-01 12:00:00 until 2026-03-01 12:04:00 UTC."
    )
    told = json.loads(run(config, "ledger", "verify", "--json").stdout)
    assert (told["entries"], told["last"], told["broken"]) == (5, 5, None)


def test_a_broken_ledger_names_the_entry_and_raises_one_alert(config: Path) -> None:
    spoil(config)
    for _ in range(2):
        done = run(config, "ledger", "verify")
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1
        assert "broken at entry 2 of 2026-03-01 12:01:00 UTC" in done.stderr
    as_json = run(config, "ledger", "verify", "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)["broken"]["number"]) == (1, 2)
    alerts = json.loads(run(config, "alerts", "--json").stdout)
    assert [(row["what"], row["details"]["entry"]) for row in alerts] == [("ledger_broken", "2")]


def linked(line: dict[str, Any]) -> str:
    """Return the chain value of an exported line, worked out by the document's words alone."""
    subject = None if line["tenant"] is None else [line["connection"], line["site"], line["tenant"]]
    parts = [line["kind"], line["at"], line["what"], subject, line["rental"], line["target"], line["details"]]
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{line['previous']}\n{canonical}".encode()).hexdigest()


def test_an_export_can_be_checked_without_the_bridge(config: Path) -> None:
    done = run(config, "ledger", "export")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.exit_code, done.stderr, len(lines)) == (0, "", 5)
    assert lines[0]["previous"] == GENESIS
    assert [linked(line) for line in lines] == [line["chain"] for line in lines]
    assert [line["previous"] for line in lines[1:]] == [line["chain"] for line in lines[:-1]]


def test_an_export_goes_on_over_many_pages(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.web.ledger.MAX_COPIED", 2)
    assert len(run(config, "ledger", "export").stdout.splitlines()) == 5


PARTS: Mapping[tuple[str, ...], list[int]] = {
    ("--since", "2026-03-01T12:03"): [4, 5],
    ("--until", "2026-03-01T13:01+01:00"): [1],
    ("--tenant", "jonas"): [],
    ("--site", "elsewhere"): [],
    ("--site", "site1", "--tenant", "mira"): [1, 2, 3, 4, 5],
}


def test_a_part_is_what_was_asked_for(config: Path) -> None:
    for options, numbers in PARTS.items():
        lines = run(config, "ledger", "export", *options).stdout.splitlines()
        assert [json.loads(line)["number"] for line in lines] == numbers, options


def test_a_table_is_safe_to_open(config: Path) -> None:
    done = run(config, "ledger", "export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 5
    assert rows[0]["target"] == "'=B-014"
    assert json.loads(rows[3]["details"]) == {"change": "grant", "door": "open"}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_begins_a_formula(cell: str) -> None:
    ((read,),) = csv.reader(io.StringIO(csv_line([cell]), newline=""))
    assert read == f"'{cell}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("ledger", "export", "--since", "yesterday"),
        ("ledger", "export", "--since", "2026-03-02", "--until", "2026-03-01"),
        ("who", "--at", "2026-03-01T12:10"),
        ("who", "--at", "noon", "--door", "A"),
        ("who", "--at", "2026-03-01T12:10", "--door", "A", "--tenant", "t1"),
        ("who", "--door", ""),
        ("erase", "--tenant", "mira", "--reason", " ", "--yes"),
        ("erase", "--tenant", "mira", "--reason", "asked", "--json"),
    ],
    ids=" ".join,
)
def test_a_mistake_in_an_option_is_refused_before_anything_is_opened(empty: Path, arguments: tuple[str, ...]) -> None:
    done = run(empty, *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert not (empty.parent / "gatebridge.db").exists()


def test_who_can_open_what_now_and_how_it_is_known(config: Path) -> None:
    done = run(config, "who")
    heading, *rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert heading.startswith("site tenant rental door wanted")
    assert rows == ["site1 mira r1 =B-014 granted open confirmed 2026-03-01 12:03:00: grant (granted) [#2, #3, #4]"]
    (row,) = json.loads(run(config, "who", "--door", "=B-014", "--unit", "u1", "--json").stdout)
    assert (row["at_door"]["state"], row["at_door"]["stage"], row["at_door"]["by"]) == ("open", "confirmed", [2, 3, 4])
    for nobody in (("--tenant", "jonas"), ("--door", "B-014"), ("--unit", "u2"), ("--site", "site2")):
        assert run(config, "who", *nobody).stdout == "Nobody has, or is to have, access there.\n"


THEN: Mapping[str, list[str]] = {
    "2026-03-01T12:00:30": [],
    "2026-03-01T12:02:30": ["not known"],
    "2026-03-01T12:10": ["yes"],
    "2026-03-01T13:10+01:00": ["yes"],
}


def test_who_could_then_is_told_from_the_ledger(config: Path) -> None:
    states = {"yes": "open", "not known": "unknown"}
    for at, answer in THEN.items():
        done = run(config, "who", "--at", at, "--door", "=B-014")
        assert (done.exit_code, done.stderr) == (0, "")
        assert [word for word in states if word in done.stdout] == answer
        told = json.loads(run(config, "who", "--at", at, "--door", "=B-014", "--json").stdout)
        assert [row["at_door"]["state"] for row in told["rows"]] == [states[word] for word in answer]


def test_a_time_that_names_no_moment_is_one_line(config: Path) -> None:
    for at, why in (("2026-03-29T01:30", "put forward"), ("2025-10-26T01:30", "came twice"), ("2199-01-01", "to come")):
        done = run(config, "who", "--at", at, "--door", "=B-014")
        assert done.exit_code != 0
        assert why in str(done.exception)


def test_a_tenant_with_a_door_is_not_erased(config: Path) -> None:
    done = run(config, "erase", "--tenant", "mira", "--reason", "asked", "--yes")
    assert done.exit_code == 1
    assert "=B-014" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_tenant_who_has_left_is_erased_once_somebody_says_yes(config: Path) -> None:
    asked = run(config, "erase", "--tenant", "jonas", "--reason", "asked on paper")
    assert asked.exit_code == 1
    assert "nothing was changed" in asked.stderr
    done = run(config, "erase", "--tenant", "jonas", "--reason", "asked on paper", "--yes")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "Erased.\n", "")
    (erased,) = json.loads(run(config, "erase", "--tenant", "jonas", "--reason", "again", "--yes", "--json").stdout)
    assert (erased["codes"], erased["deliveries"]) == (0, 0)
    last = json.loads(run(config, "ledger", "export").stdout.splitlines()[-2])
    assert (last["what"], last["tenant"], last["details"]["reason"]) == (
        "personal_data_erased",
        "jonas",
        "asked on paper",
    )
    assert run(config, "ledger", "verify").exit_code == 0


def test_no_seeded_code_is_in_any_output(config: Path) -> None:
    outputs = [
        run(config, *arguments)
        for arguments in (
            ("ledger", "export"),
            ("ledger", "export", "--format", "csv"),
            ("ledger", "verify", "--json"),
            ("who", "--json"),
            ("who", "--at", "2026-03-01T12:10", "--door", "=B-014", "--json"),
            ("erase", "--tenant", "jonas", "--reason", "asked", "--yes", "--json"),
            ("alerts", "--json"),
        )
    ]
    assert all(done.stdout for done in outputs)
    assert [done.stdout for done in outputs for code in (SEEDED, "771204") if code in done.stdout + done.stderr] == []
