"""Access that a person has revoked: nothing is left of it, whatever else is said, and no rule brings it back."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, Reason
from bridge.domain.capabilities import Capabilities
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.checks import Past, RentalChecks, Verdict
from bridge.domain.credential import CodeMemory, CodeRules, GateCode
from bridge.domain.dead_letters import Signature
from bridge.domain.desired import desired_access, revoked_access
from bridge.domain.errors import Rejected, TemporaryError, Unauthorized
from bridge.domain.fields import field_writes
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId
from bridge.domain.ledger import LedgerKind
from bridge.domain.outcome import RetryAt, hastened
from bridge.domain.plan import Holding, make_plan
from bridge.domain.policy import Blackout, SitePolicy
from bridge.domain.revocations import LIFTED, Banned, revocation, told_of
from bridge.domain.tenancy import Rental, RentalState, Snapshot, Tenant
from bridge.domain.transfers import Link
from tests.domain.tenancies import LONDON, NOON, POLICY, SUBJECT, rental, snapshot, unit

SAM = Signature(who="sam", at=NOON - timedelta(hours=1), reason="threatened\nthe staff")
BANNED = Banned(connection=SUBJECT.connection, tenant=SUBJECT.tenant)
REVOKED = Past(revocation=revocation(BANNED, SAM))
R1 = RentalId("r1")


def open_at(*targets: str, rental: str = "r1") -> AccessRecord:
    return AccessRecord(
        rental=RentalId(rental), targets=frozenset(TargetId(t) for t in targets), status=AccessStatus.GRANTED
    )


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (rental(), "revoked: emergency"),
        (rental(overdue=True, overlocked=True), "revoked: emergency"),
        (rental(start=date(2027, 1, 1)), "revoked: emergency"),
        (rental(of=unit(target=None)), "revoked: emergency"),
        (rental(of=unit(opted_out=True)), "revoked: emergency"),
        (rental(state=RentalState.UNKNOWN), "revoked: emergency"),
        (rental(state=RentalState.ENDED), "revoked"),
        (rental(state=RentalState.RESERVED), "revoked"),
    ],
)
def test_whatever_a_rental_is_it_has_nothing(one: Rental, words: str) -> None:
    desired = desired_access(snapshot(one), POLICY, NOON, REVOKED)
    (access,) = desired.rentals
    assert (access.words(), access.is_served, desired.needs_code) == (words, False, False)


def test_no_common_door_and_no_hour_of_the_night_is_left() -> None:
    night = SitePolicy(zone=LONDON, common_doors=(TargetId("gate"),), blackout=Blackout(start=time(11), end=time(13)))
    past = replace(REVOKED, records={R1: open_at("B-001", "gate")})
    desired = desired_access(snapshot(rental()), night, NOON, past)
    assert desired.common_doors == ()
    assert [one.status for one in desired.rentals] == [AccessStatus.NONE]


def test_neither_a_loop_nor_what_cannot_be_read_keeps_a_door_open() -> None:
    flips = tuple(NOON - timedelta(minutes=minutes) for minutes in range(20, 0, -1))
    flipping = replace(open_at("B-001"), flips=flips)
    unread = replace(open_at("B-002", rental="r2"), unit=None)
    seen = Snapshot(
        subject=SUBJECT, tenant=Tenant(name="Mira"), rentals=(rental(),), unreadable={RentalId("r2"): "no answer"}
    )
    past = replace(REVOKED, records={R1: flipping, RentalId("r2"): unread})
    desired = desired_access(seen, POLICY, NOON, past)
    assert desired.frozen == frozenset()
    assert {one.rental: one.words() for one in desired.rentals} == dict.fromkeys(("r1", "r2"), "revoked: emergency")


def test_a_transfer_that_overlaps_keeps_nothing_open() -> None:
    policy = SitePolicy(zone=LONDON, overlap=timedelta(days=2))
    past = Past(
        records={R1: open_at("B-001")},
        links={R1: Link(heir=RentalId("r2"), seen_at=NOON - timedelta(hours=1))},
        revocation=REVOKED.revocation,
    )
    left = rental(state=RentalState.ENDED, end=date(2026, 3, 4))
    desired = desired_access(snapshot(left, rental(2)), policy, NOON, past)
    assert {one.is_served for one in desired.rentals} == {False}


def test_the_plan_takes_every_door_and_the_person_away_without_waiting() -> None:
    records = {R1: open_at("B-001", "gate"), RentalId("r2"): replace(open_at("B-002", rental="r2"), unsure=frozenset())}
    seen = Observed(
        exists=True,
        code=GateCode("4711"),
        entries=dict.fromkeys(map(TargetId, ("B-001", "B-002", "gate")), EntryState.ACTIVE),
    )
    plan = make_plan(
        revoked_access(SUBJECT, records), seen, Holding(records=records), Capabilities(code_rules=CodeRules())
    )
    assert [change.kind for change in plan.changes] == [Kind.REVOKE] * 3 + [Kind.REMOVE_PERSON]
    assert not any(change.after for change in plan.changes)


def test_the_check_says_who_when_and_why_in_one_line_and_comes_beside_the_others() -> None:
    checks = RentalChecks(snapshot(rental(overdue=True)), POLICY, NOON, REVOKED).of(rental(overdue=True))
    failed = {check.name: check for check in checks if check.verdict is Verdict.FAIL}
    assert set(failed) == {"emergency", "overdue"}
    told = "access was revoked since 2026-03-04 11:00 UTC by sam: threatened the staff"
    assert (failed["emergency"].evidence, failed["emergency"].since) == (told, SAM.at)
    unrevoked = RentalChecks(snapshot(rental()), POLICY, NOON).of(rental())
    assert "emergency" not in {check.name for check in unrevoked}


def test_the_rental_is_told_even_if_the_bridge_never_gave_it_anything() -> None:
    desired = desired_access(snapshot(rental()), POLICY, NOON, REVOKED)
    (write,) = field_writes([rental()], desired.rentals, {}, CodeMemory(), {R1})
    assert (write.status, write.code, write.clear_code) == ("revoked: emergency", None, False)


@pytest.mark.parametrize(
    ("banned", "is_covered"),
    [
        (BANNED, True),
        (replace(BANNED, site=SUBJECT.site), True),
        (replace(BANNED, site=SiteId("s2")), False),
        (replace(BANNED, tenant=TenantId("t2")), False),
        (replace(BANNED, connection=ConnectionName("hillside")), False),
    ],
)
def test_it_is_for_one_person_of_one_connection_and_for_one_site_if_that_is_said(
    banned: Banned, *, is_covered: bool
) -> None:
    assert banned.covers(SUBJECT) is is_covered


def test_the_ledger_is_told_of_each_site_and_of_somebody_nobody_has_seen() -> None:
    other = SubjectKey(connection=SUBJECT.connection, site=SiteId("s0"), tenant=SUBJECT.tenant)
    entries = told_of(LIFTED, BANNED, [SUBJECT, other], SAM)
    assert [entry.subject for entry in entries] == [other, SUBJECT]
    assert {(entry.kind, entry.what, entry.details["who"], entry.details["reason"]) for entry in entries} == {
        (LedgerKind.OPERATOR, "revocation_lifted", "sam", "threatened the staff")
    }
    (unseen,) = told_of(LIFTED, BANNED, [], SAM)
    assert (unseen.subject, unseen.details["tenant"], unseen.details["where"]) == (None, "t1", "every site")


IN_TEN = NOON + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("error", "is_late", "when", "is_parked"),
    [
        (TemporaryError("no answer"), False, NOON + timedelta(seconds=60), False),
        (TemporaryError("no answer"), True, NOON + timedelta(seconds=60), True),
        (TemporaryError("too many", retry_after=600.0), True, IN_TEN, False),
        (Unauthorized("the key is refused"), True, IN_TEN, False),
        (Rejected("no"), False, NOON + timedelta(seconds=60), False),
    ],
)
def test_an_emergency_is_tried_each_minute_and_never_given_up_for_want_of_attempts(
    error: Exception, *, is_late: bool, when: datetime, is_parked: bool
) -> None:
    hasty = hastened(RetryAt(when=IN_TEN, why="x"), error, is_late=is_late, now=NOON)
    assert (hasty.when, hasty.is_parked) == (when, is_parked)
    soon = RetryAt(when=NOON + timedelta(seconds=1), why="x")
    assert hastened(soon, TemporaryError("x"), is_late=False, now=NOON) == soon


def test_of_a_rental_that_only_our_records_know_no_target_is_made_up() -> None:
    unit_less = replace(open_at("B-009", rental="r9"), unit=None, certainty=Certainty.UNKNOWN)
    (access,) = revoked_access(SUBJECT, {RentalId("r9"): unit_less}).rentals
    assert (access.target, access.reasons) == (None, frozenset({Reason.EMERGENCY}))
