"""Only what differs, only what is ours."""

from dataclasses import replace

from bridge.domain.access import AccessRecord, AccessStatus, Problem, Reason, RentalAccess
from bridge.domain.credential import CodeMemory, GateCode
from bridge.domain.fields import field_writes
from bridge.domain.ids import RentalId, TargetId, UnitId
from bridge.domain.tenancy import FieldWrites, Rental, RentalFields, RentalState, Resync, Unit

R1, A = RentalId("r1"), TargetId("A")
CODE = GateCode("482913")
CODES = CodeMemory(current=CODE, earlier=(GateCode("771204"),))


def rental(
    state: RentalState = RentalState.OCCUPIED, code: GateCode | None = None, status: str | None = None
) -> Rental:
    unit = Unit(id=UnitId("u1"), name="A", target=A)
    return Rental(id=R1, unit=unit, state=state, fields=RentalFields(code=code, status=status))


def access(status: AccessStatus, *reasons: Reason) -> RentalAccess:
    return RentalAccess(rental=R1, unit=UnitId("u1"), status=status, reasons=frozenset(reasons), target=A)


def written(
    one: Rental, wanted: RentalAccess, record: AccessRecord | None = None, codes: CodeMemory = CODES
) -> tuple[FieldWrites, ...]:
    return field_writes([one], [wanted], {R1: record} if record else {}, codes, {R1})


GRANTED = access(AccessStatus.GRANTED)
GONE = access(AccessStatus.NONE)
KNOWN = AccessRecord(rental=R1, targets=frozenset({A}), written_status="granted")


def test_a_new_rental_gets_code_and_status() -> None:
    assert written(rental(), GRANTED) == (FieldWrites(rental=R1, code=CODE, status="granted"),)


def test_what_is_there_already_is_not_written_again() -> None:
    assert written(rental(code=CODE, status="granted"), GRANTED) == ()


def test_a_suspension_keeps_the_code() -> None:
    wanted = access(AccessStatus.SUSPENDED, Reason.OVERDUE)
    assert written(rental(code=CODE, status="granted"), wanted) == (
        FieldWrites(rental=R1, status="suspended: overdue"),
    )


def test_a_move_out_clears_the_code() -> None:
    ended = rental(RentalState.ENDED, code=CODE, status="granted")
    assert written(ended, GONE, KNOWN) == (FieldWrites(rental=R1, clear_code=True, status="revoked"),)


def test_a_rental_that_never_had_access_is_left_alone() -> None:
    for state in (RentalState.RESERVED, RentalState.SUBMITTED, RentalState.CANCELLED, RentalState.ENDED):
        assert written(rental(state), GONE) == ()


def test_a_code_that_staff_typed_ahead_is_theirs() -> None:
    assert written(rental(RentalState.RESERVED, code=GateCode("903355")), GONE) == ()


def test_a_stale_code_on_an_ended_rental_is_cleared() -> None:
    stale = rental(RentalState.ENDED, code=GateCode("771204"))
    assert written(stale, GONE) == (FieldWrites(rental=R1, clear_code=True, status="revoked"),)


def test_what_is_not_confirmed_is_not_written() -> None:
    assert field_writes([rental()], [GRANTED], {}, CODES, set()) == ()


def asking(one: Rental) -> Rental:
    return replace(one, fields=replace(one.fields, resync=Resync.RESYNC))


def test_a_resync_that_is_done_is_cleared() -> None:
    assert written(asking(rental(code=CODE, status="granted")), GRANTED) == (FieldWrites(rental=R1, clear_resync=True),)


def test_a_resync_on_a_rental_that_never_had_access_is_cleared_and_nothing_else() -> None:
    assert written(asking(rental(RentalState.RESERVED)), GONE) == (FieldWrites(rental=R1, clear_resync=True),)


def test_a_resync_stands_while_the_rental_is_in_error() -> None:
    wanted = replace(GRANTED, problem=Problem.REFUSED_BY_VENDOR)
    assert written(asking(rental(code=CODE, status="granted")), wanted) == (
        FieldWrites(rental=R1, status="error: refused_by_vendor"),
    )


def test_an_heir_is_ticked_in_one_write_with_its_status() -> None:
    wanted = access(AccessStatus.SUSPENDED, Reason.MANUAL)
    assert field_writes([rental(code=CODE)], [wanted], {}, CODES, {R1}, heirs={R1}) == (
        FieldWrites(rental=R1, overlock=True, status="suspended: manual"),
    )


def test_an_heir_in_error_is_not_ticked_yet() -> None:
    wanted = replace(access(AccessStatus.SUSPENDED, Reason.MANUAL), problem=Problem.NO_MAPPING)
    assert field_writes([rental()], [wanted], {}, CODES, {R1}, heirs={R1}) == (
        FieldWrites(rental=R1, status="error: no_mapping"),
    )
