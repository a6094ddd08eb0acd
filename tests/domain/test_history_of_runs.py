"""For any history of runs, what the ledger tells of the doors is what the vendor shows, and what the records say.

A vendor in a dictionary refuses, loses answers, is late and is tampered with; runs are cut off half-way. Changes are
planned, remembered and told by the bridge's own rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, Certainty, RentalAccess
from bridge.domain.capabilities import Capabilities, SuspendScope
from bridge.domain.changes import Change, EntryState, Kind, Observed
from bridge.domain.credential import CodeRules, GateCode
from bridge.domain.desired import CommonDoor, Desired
from bridge.domain.doors_seen import intent_details
from bridge.domain.errors import BridgeError, OutcomeUnknown, Rejected
from bridge.domain.history import door_histories
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.intervals import DoorHistory, DoorState
from bridge.domain.ledger import LedgerEntry, LedgerKind, NumberedEntry
from bridge.domain.plan import Holding, make_plan
from bridge.domain.records import after_run, before_changes
from bridge.service.progress import Progress
from bridge.service.read_back import read_back

SUBJECT = SubjectKey(connection=ConnectionName("c"), site=SiteId("s"), tenant=TenantId("t"))
CODE = GateCode("482913")
A, B, GATE = TargetId("A"), TargetId("B"), TargetId("GATE")
DOORS = {RentalId("r1"): A, RentalId("r2"): B}
START = datetime(2026, 3, 4, tzinfo=UTC)
ROUNDS = 4


@dataclass(frozen=True)
class Run:
    """One run: what is wanted, what becomes of its changes in turn, and after how many of them it is cut off."""

    wanted: tuple[AccessStatus, AccessStatus]
    faults: tuple[str, ...]
    cut_off: int | None
    tampered: tuple[TargetId, EntryState | None] | None


STATUS = st.sampled_from(AccessStatus)
FAULT = st.sampled_from(["", "", "", "refused", "lost", "lost but done", "late"])
RUNS = st.builds(
    Run,
    wanted=st.tuples(STATUS, STATUS),
    faults=st.lists(FAULT, max_size=5).map(tuple),
    cut_off=st.none() | st.none() | st.integers(0, 3),
    tampered=st.none() | st.none() | st.tuples(st.sampled_from([A, B]), st.sampled_from([*EntryState, None])),
)


class CutOff(Exception):
    pass


@dataclass
class Vendor:
    exists: bool = False
    entries: dict[TargetId, EntryState] = field(default_factory=dict)
    late: list[Change] = field(default_factory=list)

    def shown(self) -> Observed:
        if not self.exists:
            return Observed()
        return Observed(exists=True, code=CODE, entries=dict(self.entries))

    def do(self, change: Change) -> None:
        match change.kind, change.target:
            case Kind.REMOVE_PERSON, _:
                self.exists, self.entries = False, {}
            case ((Kind.GRANT | Kind.RESUME), str() as target):
                self.exists = True
                self.entries[TargetId(target)] = EntryState.ACTIVE
            case Kind.SUSPEND, str() as target if TargetId(target) in self.entries:
                self.entries[TargetId(target)] = EntryState.SUSPENDED
            case Kind.REVOKE, str() as target:
                self.entries.pop(TargetId(target), None)
            case ((Kind.SUSPEND | Kind.RESUME), None):
                state = EntryState.SUSPENDED if change.kind is Kind.SUSPEND else EntryState.ACTIVE
                self.entries = dict.fromkeys(self.entries, state)
            case _:
                pass

    def tamper(self, target: TargetId, state: EntryState | None) -> None:
        if target in self.entries:
            del self.entries[target]
            self.entries |= {} if state is None else {target: state}


@dataclass
class Bridge:
    capabilities: Capabilities
    has_gate: bool
    vendor: Vendor = field(default_factory=Vendor)
    records: dict[RentalId, AccessRecord] = field(default_factory=dict)
    ledger: list[NumberedEntry] = field(default_factory=list)
    now: datetime = START

    def tell(self, entry: LedgerEntry) -> None:
        self.ledger.append(NumberedEntry(number=len(self.ledger) + 1, entry=entry))

    def desired(self, run: Run) -> Desired:
        rentals = tuple(
            RentalAccess(rental=rental, unit=UnitId(f"u-{rental}"), status=status, target=door)
            for (rental, door), status in zip(DOORS.items(), run.wanted, strict=True)
        )
        served = tuple(access.rental for access in rentals if access.is_served)
        is_open = AccessStatus.GRANTED in run.wanted
        doors = (CommonDoor(target=GATE, is_open=is_open, rentals=served),) if self.has_gate and served else ()
        return Desired(subject=SUBJECT, rentals=rentals, common_doors=doors)

    def go(self, run: Run) -> None:
        """Run to the end; raises `CutOff` in the midst of it."""
        late, self.vendor.late = self.vendor.late, []
        for change in late:
            self.vendor.do(change)
        self.now += timedelta(hours=1)
        desired, before = self.desired(run), dict(self.records)
        progress = Progress(access=dict(self.records))
        progress.observed = self.vendor.shown()
        faults, sent = list(run.faults), 0
        for _ in range(ROUNDS):
            holding = Holding(records=progress.access, code=CODE, taken_code=CODE)
            progress.unfinished = make_plan(desired, progress.observed, holding, self.capabilities)
            ready = [c for c in progress.unfinished.changes if not c.after and c.step not in progress.tried]
            if not ready:
                break
            progress.access = before_changes(progress.access, ready)
            for change in ready:
                details = intent_details(change, progress.observed, desired)
                self.tell(self.entry(LedgerKind.INTENT, str(change.kind), change, details))
            self.records = dict(progress.access)
            for change in ready:
                if sent == run.cut_off:
                    raise CutOff
                sent += 1
                self.now += timedelta(minutes=1)
                self.apply(change, faults.pop(0) if faults else "", progress)
            progress.observed = self.vendor.shown()
        self.now += timedelta(minutes=1)
        progress.access = after_run(desired, progress.access, progress.observed, progress.certainty(desired), self.now)
        for entry in (*progress.entries, *read_back(SUBJECT, before.values(), progress, self.now)):
            self.tell(entry)
        self.records = dict(progress.access)

    def apply(self, change: Change, fault: str, progress: Progress) -> None:
        progress.tried[change.step] = change
        errors: Mapping[str, BridgeError] = {
            "refused": Rejected("no"),
            "lost": OutcomeUnknown("?"),
            "lost but done": OutcomeUnknown("?"),
        }
        if fault in {"", "lost but done"}:
            self.vendor.do(change)
        elif fault == "late":
            self.vendor.late.append(change)
        what = "accepted"
        if fault in errors:
            progress.failures[change.step] = errors[fault]
            what = "failed" if fault == "refused" else "unknown"
        progress.entries.append(self.entry(LedgerKind.OUTCOME, what, change, {"change": str(change.kind)}))

    def entry(self, kind: LedgerKind, what: str, change: Change, details: Mapping[str, str]) -> LedgerEntry:
        several = {"rentals": ",".join(change.rentals)} if len(change.rentals) > 1 else {}
        rental = change.rentals[0] if change.rentals else None
        return LedgerEntry(
            kind=kind,
            at=self.now,
            what=what,
            subject=SUBJECT,
            rental=rental,
            target=change.target,
            details={**several, **details},
        )


def is_open(vendor: Vendor, target: TargetId) -> bool:
    return vendor.entries.get(target) is EntryState.ACTIVE


def told_truly(bridge: Bridge) -> dict[TargetId, DoorHistory]:
    """Check what the ledger says for certain against the vendor, and return the histories."""
    histories = door_histories(bridge.ledger)
    for target, history in histories.items():
        if history.last.state is not DoorState.UNKNOWN:
            assert (history.last.state is DoorState.OPEN) == is_open(bridge.vendor, target), (target, history)
    known = histories.keys()
    assert {target for target in bridge.vendor.entries if is_open(bridge.vendor, target)} <= known
    return histories


@settings(max_examples=150, deadline=None)
@given(runs=st.lists(RUNS, min_size=1, max_size=7), scope=st.sampled_from(SuspendScope), has_gate=st.booleans())
def test_the_ledger_tells_of_the_doors_what_the_vendor_shows(
    runs: list[Run], scope: SuspendScope, *, has_gate: bool
) -> None:
    bridge = Bridge(capabilities=Capabilities(code_rules=CodeRules(), suspends=scope), has_gate=has_gate)
    tampered = False
    for run in runs:
        if run.tampered is not None:
            tampered = True
            bridge.vendor.tamper(*run.tampered)
        try:
            bridge.go(run)
        except CutOff:
            if not tampered:
                told_truly(bridge)
            continue
        tampered = False
        histories = told_truly(bridge)
        held = frozenset[TargetId]().union(*(record.targets | record.unsure for record in bridge.records.values()))
        assert {t for t, history in histories.items() if history.last.state is not DoorState.CLOSED} <= held
        for rental, door in DOORS.items():
            record = bridge.records[rental]
            if record.certainty is not Certainty.CONFIRMED:
                continue
            last = histories[door].last.state if door in histories else DoorState.CLOSED
            assert last is not DoorState.UNKNOWN, "what is confirmed is known"
            assert (last is DoorState.OPEN) == (record.status is AccessStatus.GRANTED)


@settings(max_examples=100, deadline=None)
@given(runs=st.lists(RUNS, min_size=1, max_size=5))
def test_intervals_follow_each_other_without_a_gap(runs: list[Run]) -> None:
    bridge = Bridge(capabilities=Capabilities(code_rules=CodeRules()), has_gate=True)
    for run in runs:
        try:
            bridge.go(run)
        except CutOff:
            continue
    for history in door_histories(bridge.ledger).values():
        ends = [interval.until for interval in history.intervals]
        assert ends[:-1] == [interval.since for interval in history.intervals[1:]]
        assert ends[-1] is None
