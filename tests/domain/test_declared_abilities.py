"""A plan asks a vendor for nothing that its adapter has not declared, whatever is wanted and whatever is there."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.access import AccessRecord, AccessStatus, RentalAccess
from bridge.domain.capabilities import Capabilities, CodeMaker, SuspendScope
from bridge.domain.changes import Change, EntryState, Kind, Observed
from bridge.domain.credential import CodeRules, GateCode
from bridge.domain.desired import CommonDoor, Desired
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.plan import Holding, make_plan
from tests.domain.tenancies import SUBJECT

CODES = st.none() | st.sampled_from([GateCode("482913"), GateCode("590274")])
DOORS = st.sampled_from([TargetId("A"), TargetId("B"), TargetId("C")])
NAMES = [RentalId(f"r{n}") for n in range(3)]

vendors = st.builds(
    Capabilities,
    code_rules=st.just(CodeRules()),
    reads_codes=st.booleans(),
    code_maker=st.sampled_from(CodeMaker),
    suspends=st.sampled_from(SuspendScope),
    updates_person=st.booleans(),
)


@st.composite
def wishes(draw: st.DrawFn) -> Desired:
    rentals = tuple(
        RentalAccess(
            rental=name,
            unit=UnitId(f"u-{name}"),
            status=draw(st.sampled_from(AccessStatus)),
            target=draw(st.none() | DOORS),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    )
    doors = draw(st.lists(st.just(TargetId("GATE")), max_size=1))
    shared = tuple(CommonDoor(target=door, is_open=draw(st.booleans()), rentals=tuple(NAMES)) for door in doors)
    frozen = draw(st.frozensets(st.sampled_from(NAMES)))
    return Desired(subject=SUBJECT, rentals=rentals, common_doors=shared, frozen=frozen)


@st.composite
def sights(draw: st.DrawFn) -> Observed:
    entries = draw(st.dictionaries(DOORS, st.sampled_from(EntryState)))
    exists = bool(entries) or draw(st.booleans())
    in_doubt = exists and draw(st.booleans())
    return Observed(exists=exists, code=draw(CODES) if exists else None, code_in_doubt=in_doubt, entries=entries)


holdings = st.builds(
    Holding,
    records=st.dictionaries(
        st.sampled_from(NAMES), st.builds(AccessRecord, rental=st.just(NAMES[0]), targets=st.frozensets(DOORS))
    ),
    code=CODES,
    taken_code=CODES,
    renew_code=st.booleans(),
    profile_is_new=st.booleans(),
)


def is_declared(change: Change, vendor: Capabilities) -> bool:
    """Say it in other words than the capabilities themselves do."""
    by_target = change.kind in {Kind.GRANT, Kind.REVOKE} or (
        change.kind in {Kind.SUSPEND, Kind.RESUME} and vendor.suspends is SuspendScope.TARGET
    )
    if (change.target is not None) is not by_target:
        return False
    if change.code is not None and vendor.code_maker is CodeMaker.VENDOR:
        return False
    return change.kind is not Kind.UPDATE_PERSON or vendor.updates_person


@given(vendor=vendors, desired=wishes(), observed=sights(), holding=holdings)
def test_every_change_is_one_that_the_vendor_can_do(
    vendor: Capabilities, desired: Desired, observed: Observed, holding: Holding
) -> None:
    plan = make_plan(desired, observed, holding, vendor)
    assert [change for change in plan.changes if not is_declared(change, vendor)] == []
    assert [why for change in plan.changes if (why := vendor.refusal(change))] == []


@given(vendor=vendors, kind=st.sampled_from(Kind), target=st.none() | DOORS, code=CODES)
def test_a_change_that_does_not_fit_is_refused_with_the_reason(
    vendor: Capabilities, kind: Kind, target: TargetId | None, code: GateCode | None
) -> None:
    change = Change(kind=kind, target=target, code=code if kind is Kind.CHANGE_CODE else None)
    wrong = not is_declared(change, vendor)
    wrong |= kind is Kind.CHANGE_CODE and code is None and vendor.code_maker is CodeMaker.BRIDGE
    assert bool(vendor.refusal(change)) is wrong
