"""One new code for one request."""

from bridge.domain.access import AccessRecord
from bridge.domain.ids import RentalId, UnitId
from bridge.domain.rotation import unserved, without_old_marks
from bridge.domain.tenancy import Rental, RentalFields, RentalState, Resync, Unit

R1, R2 = RentalId("r1"), RentalId("r2")


def rental(name: RentalId, resync: Resync | None = Resync.ROTATE) -> Rental:
    unit = Unit(id=UnitId("u1"), name="A")
    return Rental(id=name, unit=unit, state=RentalState.OCCUPIED, fields=RentalFields(resync=resync))


def marked(name: RentalId) -> AccessRecord:
    return AccessRecord(rental=name, rotated=True)


def test_a_request_is_served_once() -> None:
    assert unserved([rental(R1)], {R1}, {}) == (marked(R1),)
    assert unserved([rental(R1)], {R1}, {R1: marked(R1)}) == ()


def test_requests_on_two_rentals_are_served_by_one_code() -> None:
    assert unserved([rental(R1), rental(R2)], {R1, R2}, {}) == (marked(R1), marked(R2))


def test_a_resync_asks_for_no_code() -> None:
    assert unserved([rental(R1, Resync.RESYNC), rental(R2, None)], {R1, R2}, {}) == ()


def test_a_rental_without_access_asks_for_no_code() -> None:
    assert unserved([rental(R1)], set(), {}) == ()


def test_a_mark_goes_with_its_request_so_that_the_next_one_is_new() -> None:
    records = {R1: marked(R1), R2: marked(R2)}
    assert without_old_marks([rental(R1, None), rental(R2)], records) == {R1: AccessRecord(rental=R1), R2: marked(R2)}


def test_a_rental_that_was_not_read_keeps_its_mark() -> None:
    assert without_old_marks([], {R1: marked(R1)}) == {R1: marked(R1)}
