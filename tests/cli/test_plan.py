"""`gatebridge plan` and `gatebridge resync` in words: what is done first, inert, and one line for a mistake."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.cli.plan import FEW, MAX_ROWS, duration, say_plan
from bridge.cli.resync import follow, outcome
from bridge.domain.errors import Rejected
from tests.cli.terminal import invoke

NAME = {"connection": "lakeside", "site": "s1", "tenant": "t1"}
TEXT = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
[connections.lakeside]
source = "storeganise"
base_url = "http://127.0.0.1:9"
api_key = "a-key"
webhook_secrets = ["a-secret"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "s1"
adapter = "simulator"
[sites.options]
url = "http://127.0.0.1:9"
"""


def item(rental: str, standing: str, does: list[str], *reasons: str) -> dict[str, Any]:
    return {
        **NAME,
        "rental": rental,
        "unit": "u1",
        "standing": standing,
        "status": "granted",
        "does": does,
        "reasons": list(reasons),
    }


def told(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    standings = ("grant", "change", "removal", "unchanged", "unknown")
    totals = {name: sum(one["standing"] == name for one in items) for name in standings}
    plan = {"items": list(items), "foreign": [], "totals": {**totals, "foreign": 0, "held": 0}, "notes": []}
    return {**plan, "tenants": 1, "calls": 12, "minutes": 3.4, "digest": "d" * 16, **more}


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "gatebridge.toml"
    file.write_text(TEXT.format(folder=tmp_path))
    return str(file)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [re.sub(r" {2,}", " | ", line.rstrip()) for line in capsys.readouterr().out.splitlines()]


def test_what_would_be_held_is_said_with_where_to_decide(capsys: pytest.CaptureFixture[str]) -> None:
    plan = told(item("r1", "removal", ["access is kept, the removal would be held"], "more than 10 removals"))
    say_plan({**plan, "totals": {**plan["totals"], "held": 1}})
    shown = capsys.readouterr().out
    assert "access is kept, the removal would be held (more than 10 removals)" in " ".join(shown.split())
    assert "Held for a person: 1." in shown
    assert "gatebridge holds list" in shown


def test_removals_come_first_and_what_stays_is_last(capsys: pytest.CaptureFixture[str]) -> None:
    say_plan(
        told(
            item("r1", "unchanged", []),
            item("r2", "grant", ["open B-014"], "rental_state: the rental is occupied"),
            item("r3", "removal", ["remove B-021"], "rental_state: the rental is ended"),
            foreign=[{**NAME, "target": "\x1b[2JB-099"}],
            notes=["site s1 of lakeside: \x1b[2J is paused"],
        )
    )
    assert lines(capsys) == [
        "Tenant t1 at site s1 (lakeside)",
        "rental | plan | what, and why",
        "r3 | removal | remove B-021 (rental_state: the rental is ended)",
        "r2 | grant | open B-014 (rental_state: the rental is occupied)",
        "r1 | unchanged | granted",
        "Not made by the bridge, and left alone: [2JB-099 of tenant t1",
        "",
        "1 removal, 1 grant, 0 changes, 0 unknown, 1 unchanged, 0 foreign",
        "To apply it for 1 tenant: about 12 calls, about 3 minutes.",
        "Note: site s1 of lakeside: [2J is paused",
    ]


def test_of_many_rentals_only_those_are_shown_that_change(capsys: pytest.CaptureFixture[str]) -> None:
    say_plan(told(item("r0", "grant", ["open B-014"]), *(item(f"r{n}", "unchanged", []) for n in range(1, FEW + 1))))
    shown = lines(capsys)
    assert [line for line in shown if line.startswith("r") and "unchanged" in line] == []
    assert f"1 grant, 0 changes, 0 unknown, {FEW} unchanged" in shown[4]


def test_of_several_tenants_each_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    say_plan(told(item("r1", "grant", ["open"]), {**item("r2", "grant", ["open"]), "tenant": "t2"}))
    assert lines(capsys)[:3] == [
        "rental | tenant | plan | what, and why",
        "r1 | t1 | grant | open",
        "r2 | t2 | grant | open",
    ]


def test_a_long_plan_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    say_plan(told(*(item(f"r{number}", "grant", ["open"]) for number in range(MAX_ROWS + 7))))
    shown = lines(capsys)
    assert len([line for line in shown if "| grant |" in line]) == MAX_ROWS
    assert "... and 7 more; --json has them all" in shown


def test_a_plan_with_nothing_to_do_names_no_time(capsys: pytest.CaptureFixture[str]) -> None:
    say_plan(told(tenants=0))
    assert lines(capsys) == ["Nothing to do.", "", "0 removals, 0 grants, 0 changes, 0 unknown, 0 unchanged, 0 foreign"]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0.0, "less than a minute"), (0.99, "less than a minute"), (1.2, "about 1 minute"), (61.6, "about 62 minutes")],
)
def test_a_time_is_about_so_many_minutes(minutes: float, said: str) -> None:
    assert duration(minutes) == said


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"progress": "done", "due_at": None, "why": None}, "done"),
        ({"progress": "dead", "due_at": None, "why": "GET gate: 400"}, "given up: GET gate: 400"),
        (
            {"progress": "retrying", "due_at": "2026-03-04T12:05:00Z", "why": "503"},
            "not yet, tried again at 2026-03-04 12:05:00 UTC: 503",
        ),
        ({"progress": "waiting", "due_at": None, "why": None}, "still waiting"),
        ({"progress": "cancelled", "due_at": None, "why": None}, "cancelled"),
    ],
)
def test_an_outcome_is_told_plainly(end: dict[str, Any], said: str) -> None:
    assert outcome(end) == said


@pytest.mark.parametrize("command", ["plan", "resync"])
@pytest.mark.parametrize(
    "options",
    [[], ["--all", "--site", "s1"], ["--tenant", " "], ["--site", ""]],
)
def test_whom_it_is_about_must_be_said(config: str, command: str, options: list[str]) -> None:
    result = invoke([command, "--config", config, *options])
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("options", [["--json"], ["--plan", " \x1b "]])
def test_a_resync_that_cannot_ask_or_names_no_plan_is_a_mistake(config: str, options: list[str]) -> None:
    assert invoke(["resync", "--config", config, "--all", *options]).exit_code == 2


@pytest.mark.parametrize("options", [[], ["--yes"], ["--plan", "0123456789abcdef"], ["--yes", "--json", "--no-wait"]])
def test_a_resync_needs_a_bridge_that_runs(config: str, options: list[str], tmp_path: Path) -> None:
    result = invoke(["resync", "--config", config, "--all", *options])
    assert isinstance(result.exception, Rejected)
    assert "start gatebridge serve" in str(result.exception)
    assert (result.stdout, (tmp_path / "gatebridge.db").exists()) == ("", False)


class Steps(httpx.AsyncBaseTransport):
    """Answers how far an operation is, from a list of answers of which the last one stays."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/operations/7"
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return httpx.Response(200, json={"tenants": 3, "notes": [], **answer})


@pytest.mark.anyio
async def test_an_operation_is_followed_until_it_is_over_however_long_nothing_happens(
    capsys: pytest.CaptureFixture[str],
) -> None:
    paused = {"state": "running", "ended": 1, "notes": ["site s1 is paused"]}
    steps = Steps(*[paused] * 50, {"state": "cancelling", "ended": 2}, {"state": "cancelled", "ended": 3})
    ended: list[int] = []
    async with httpx.AsyncClient(transport=steps, base_url="http://operator/api/v1/") as client:
        await follow(client, 7, tell=lambda now: ended.append(now["ended"]), look=0.0)
    assert (ended[-2:], steps.asked) == ([2, 3], 52)
    assert capsys.readouterr().err == "gatebridge: site s1 is paused\n", "once"
