"""What is checked beside the rules, as tables of evidence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.access import AccessStatus
from bridge.domain.changes import EntryState, Observed
from bridge.domain.credential import CodeMemory, CodeRefusal, GateCode, RefusedCode
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.policy import SitePolicy
from bridge.domain.scene import Work
from bridge.domain.tenancy import Rental, RentalState
from tests.domain.scenes import CODE, CODES, OLD_CODE, OTHER_CODE, at_gate, explained, record, said
from tests.domain.tenancies import LONDON, NOON, rental, unit

ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED
OPEN = at_gate(B_001=ACTIVE)


def showing(code: GateCode | None = CODE, status: str | None = "granted", one: Rental | None = None) -> Rental:
    """Return a rental whose fields show this."""
    one = one or rental()
    return replace(one, fields=replace(one.fields, code=code, status=status))


@pytest.mark.parametrize(
    ("shown", "observed", "verdict", "evidence"),
    [
        (CODE, OPEN, "pass", "gate_pinCode shows it; the gate system has it"),
        (None, OPEN, "fail", "gate_pinCode is empty; the gate system has it"),
        (OLD_CODE, OPEN, "fail", "gate_pinCode shows an earlier one; the gate system has it"),
        (OTHER_CODE, OPEN, "fail", "gate_pinCode has another one, which is not taken up yet; the gate system has it"),
        (CODE, at_gate(code=OTHER_CODE), "fail", "gate_pinCode shows it; the gate system has another one"),
        (CODE, at_gate(code=None), "fail", "gate_pinCode shows it; the gate system has another one"),
        (
            CODE,
            at_gate(in_doubt=True),
            "unknown",
            "gate_pinCode shows it; which one works at the gate system is in doubt",
        ),
        (CODE, None, "unknown", "gate_pinCode shows it; the gate system could not be asked"),
        (None, None, "fail", "gate_pinCode is empty; the gate system could not be asked"),
        (
            CODE,
            Observed(),
            "fail",
            "gate_pinCode shows it; the gate system gets it with the first door that opens",
        ),
    ],
)
def test_field_and_vendor_are_compared_with_the_code_in_force(
    shown: GateCode | None, observed: Observed | None, verdict: str, evidence: str
) -> None:
    (told,) = explained(showing(shown), observed=observed)
    assert said(told, "gate_code") == (verdict, f"one is in force; {evidence}")


def test_a_vendor_that_shows_no_codes_is_believed_to_have_what_it_took_last() -> None:
    codes = replace(CODES, taken=CODE)
    (told,) = explained(showing(), observed=at_gate(code=None, B_001=ACTIVE), codes=codes)
    assert said(told, "gate_code") == ("pass", "one is in force; gate_pinCode shows it; the gate system took it")


def test_a_typed_code_that_is_refused_says_why_and_not_which() -> None:
    refused = (RefusedCode(rental=RentalId("r1"), refusal=CodeRefusal.SEQUENTIAL),)
    (told,) = explained(showing(OTHER_CODE), observed=OPEN, refused_codes=refused)
    assert "cannot be used (sequential)" in said(told, "gate_code")[1]
    assert told.advice[0] == "Type another code into gate_pinCode, or empty the field."


def test_no_code_yet_is_a_failure_and_none_is_needed_without_access() -> None:
    (told,) = explained(rental(), observed=Observed(), codes=CodeMemory())
    (over,) = explained(rental(state=RentalState.ENDED), observed=Observed(), codes=CodeMemory())
    assert said(told, "gate_code") == ("fail", "none was made yet")
    assert "gate_code" not in {one.name for one in over.checks}


@pytest.mark.parametrize(
    ("one", "observed", "verdict", "evidence"),
    [
        (rental(), OPEN, "pass", "B-001 active"),
        (rental(), at_gate(B_001=SUSPENDED), "fail", "B-001 suspended; still to do: open again B-001"),
        (rental(), at_gate(), "fail", "B-001 missing; still to do: open B-001"),
        (
            rental(),
            Observed(),
            "fail",
            "B-001 missing; the tenant is not known there; still to do: open B-001",
        ),
        (rental(overdue=True), at_gate(B_001=SUSPENDED), "pass", "B-001 suspended"),
        (rental(overdue=True), OPEN, "fail", "B-001 active; still to do: close B-001"),
        (rental(), None, "unknown", "GET gate: 503"),
        (rental(), at_gate(B_001=ACTIVE, X_1=ACTIVE), "pass", "B-001 active; not made by the bridge: X-1"),
    ],
)
def test_what_the_vendor_has_is_compared_with_what_it_should_have(
    one: Rental, observed: Observed | None, verdict: str, evidence: str
) -> None:
    (told,) = explained(showing(one=one), observed=observed)
    assert said(told, "at_vendor") == (verdict, evidence)


def test_what_the_vendor_has_taken_and_not_put_in_force_is_not_known_to_be_open() -> None:
    observed = replace(OPEN, unsettled=frozenset({TargetId("B-001")}))
    (told,) = explained(showing(), observed=observed)
    verdict, evidence = said(told, "at_vendor")
    assert verdict == "unknown"
    assert evidence == "B-001 active; the vendor has taken it, and does not say yet that it is in force"


def test_what_is_over_is_checked_for_what_is_left_of_it() -> None:
    ended = rental(state=RentalState.ENDED)
    (left,) = explained(ended, observed=OPEN, records=(record(1, "B-001"),))
    (gone,) = explained(ended, observed=Observed())
    assert said(left, "at_vendor") == ("fail", "B-001 active; still to do: remove B-001, remove the tenant")
    assert said(gone, "at_vendor") == ("pass", "nothing is there for this rental; the tenant is not known there")


@pytest.mark.parametrize(
    ("status", "observed", "verdict", "evidence"),
    [
        ("granted", OPEN, "pass", "gate_status says granted"),
        ("suspended: overdue", OPEN, "fail", "gate_status says suspended: overdue; by the rules it is granted"),
        (None, OPEN, "fail", "gate_status is empty; by the rules it is granted"),
        ("granted", at_gate(), "fail", "gate_status says granted; at the gate system it is not so"),
        ("granted", None, "unknown", "gate_status says granted; the gate system could not be asked"),
        ("482913", OPEN, "fail", "gate_status has a text that the bridge did not write; by the rules it is granted"),
    ],
)
def test_the_status_field_is_compared_with_what_is_true(
    status: str | None, observed: Observed | None, verdict: str, evidence: str
) -> None:
    known = record(written_status="suspended: overdue" if status == "suspended: overdue" else None)
    (told,) = explained(showing(status=status), observed=observed, records=(known,))
    assert said(told, "platform_fields") == (verdict, evidence)


@pytest.mark.parametrize(
    ("work", "verdict", "evidence"),
    [
        (None, "fail", "the bridge has not heard of this tenant at this site yet"),
        (Work(state="idle"), "pass", "nothing waits"),
        (Work(state="running", due_at=NOON), "pass", "the bridge is at it at this moment"),
        (Work(state="ready", due_at=NOON), "pass", "due now"),
        (Work(state="ready", due_at=NOON + timedelta(hours=1)), "pass", "waits until 2026-03-04 13:00 GMT"),
        (
            Work(state="ready", due_at=NOON + timedelta(minutes=5), note="the key was refused"),
            "fail",
            "waits until 2026-03-04 12:05 GMT: the key was refused",
        ),
        (
            Work(state="ready", due_at=NOON + timedelta(minutes=5), attempts=3, note="503"),
            "fail",
            "3 runs failed, the next at 2026-03-04 12:05 GMT: 503",
        ),
        (Work(state="ready", due_at=NOON, attempts=1, note="503"), "fail", "1 run failed, the next is due: 503"),
        (Work(state="dead", attempts=1, note="refused"), "fail", "given up after 1 run: refused"),
    ],
)
def test_the_queue_says_whether_the_bridge_is_at_rest(work: Work | None, verdict: str, evidence: str) -> None:
    (told,) = explained(showing(), observed=OPEN, work=work)
    assert said(told, "work") == (verdict, evidence)


@pytest.mark.parametrize(("age", "verdict"), [(59, "fail"), (60, "pass")])
def test_the_loop_breaker_counts_within_the_hour(age: int, verdict: str) -> None:
    flips = tuple(NOON - timedelta(minutes=age - place) for place in (0, 1))
    known = record(1, "B-001", status=AccessStatus.GRANTED, flips=flips)
    held = rental(overlocked=True)
    (told,) = explained(held, observed=OPEN, records=(known,), policy=SitePolicy(zone=LONDON, max_flips=2))
    assert said(told, "loop_breaker")[0] == verdict
    assert ("it is left as it is until 2026-03-04 12:01 GMT" in said(told, "loop_breaker")[1]) is (verdict == "fail")


@pytest.mark.parametrize(
    ("rentals", "verdict", "evidence"),
    [
        ((rental(),), "pass", "GATE, LOBBY: open to the tenant"),
        ((rental(overdue=True),), "fail", "GATE, LOBBY: closed to the tenant"),
        ((rental(overdue=True), rental(2)), "pass", "GATE, LOBBY: open to the tenant"),
        ((rental(of=unit(target=None)),), "fail", "GATE, LOBBY: not for a rental that has no door of its own"),
    ],
)
def test_common_doors_are_told_as_the_sites_rule_has_them(
    rentals: tuple[Rental, ...], verdict: str, evidence: str
) -> None:
    doors = SitePolicy(zone=LONDON, common_doors=(TargetId("GATE"), TargetId("LOBBY")))
    told = explained(*rentals, observed=Observed(), policy=doors)
    assert said(told[0], "common_doors") == (verdict, evidence)


def test_another_moment_leaves_unknown_what_is_not_recorded() -> None:
    (told,) = explained(showing(), is_now=False)
    unknown = {one.name for one in told.checks if one.verdict == "unknown"}
    assert unknown == {"gate_code", "at_vendor", "platform_fields", "work"}


def test_a_refusal_that_staff_were_told_of_is_the_status() -> None:
    tasks = {UnitId("u1"): "refused_by_vendor"}
    dead = Work(state="dead", attempts=1, note="no such door")
    known = record(written_status="error: refused_by_vendor")
    one = showing(None, "error: refused_by_vendor")
    (told,) = explained(one, observed=at_gate(), open_tasks=tasks, work=dead, records=(known,))
    (mended,) = explained(one, observed=OPEN, open_tasks=tasks, work=dead, records=(known,))
    assert told.status == "error: refused_by_vendor"
    assert said(told, "platform_fields") == ("pass", "gate_status says error: refused_by_vendor")
    assert mended.status == "granted"
