"""`gatebridge explain` in words: plain where it is piped, inert whatever somebody wrote into a field."""

from typing import Any

import pytest

from bridge.cli.explain import say_subject

RENTAL: dict[str, Any] = {
    "rental": "r1",
    "unit": "u1",
    "checks": [
        {"name": "rental_state", "verdict": "pass", "evidence": "the rental is occupied"},
        {"name": "overdue", "verdict": "fail", "evidence": "is marked overdue"},
        {"name": "at_vendor", "verdict": "unknown", "evidence": "\x1b[2J[bold]GET gate: 503[/]\r\nnext"},
    ],
    "status": "suspended: overdue",
    "since": "2026-03-04T12:00:00Z",
    "follows": ["at the gate system: close B-014"],
    "next_change": "2026-03-06T00:00:00Z",
    "advice": ["Have the invoices paid."],
}
SUBJECT: dict[str, Any] = {
    "connection": "lakeside",
    "site": "s1",
    "tenant": "t1",
    "moment": "2026-03-04T12:00:00Z",
    "moment_at_site": "2026-03-04 12:00 GMT",
    "is_now": True,
    "work": {"state": "ready", "due_at": "2026-03-04T12:00:07Z", "attempts": 1, "note": None},
    "rentals": [RENTAL],
}


def test_it_is_told_check_by_check_and_ends_in_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    say_subject(SUBJECT)
    assert capsys.readouterr().out.splitlines() == [
        "Tenant t1 at site s1 (lakeside)",
        "Now, 2026-03-04 12:00 GMT by the site's clock",
        "",
        "Rental r1, unit u1",
        "  pass    rental_state      the rental is occupied",
        "  fail    overdue           is marked overdue",
        "  unknown at_vendor         [2J[bold]GET gate: 503[/] next",
        "  It comes to: suspended: overdue, since 2026-03-04 12:00:00 UTC",
        "  Next, at 2026-03-04 12:00:07 UTC: at the gate system: close B-014",
        "  The rules may say something else from 2026-03-06 00:00:00 UTC",
        "  -> Have the invoices paid.",
        "",
    ]


def test_another_moment_is_said_plainly(capsys: pytest.CaptureFixture[str]) -> None:
    say_subject({**SUBJECT, "is_now": False, "moment_at_site": "2026-03-05 09:00 GMT"})
    assert "By the rules at 2026-03-05 09:00 GMT, from what the platform says now" in capsys.readouterr().out


@pytest.mark.parametrize("work", [None, {"state": "idle", "due_at": None, "attempts": 0, "note": None}])
def test_what_waits_for_nothing_comes_with_the_next_event(
    capsys: pytest.CaptureFixture[str], work: dict[str, Any] | None
) -> None:
    say_subject({**SUBJECT, "work": work})
    assert "Next, with the next event or sweep: at the gate system" in capsys.readouterr().out
