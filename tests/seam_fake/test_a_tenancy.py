"""Signed webhooks in, access codes at Seam's own server out."""

from tests.flow.house import until
from tests.seam_fake.estate import Estate
from tests.seam_fake.fake import BACK, BATHROOM, FRONT, Fake


def test_a_whole_tenancy(estate: Estate, fake: Fake) -> None:
    rental = estate.rent(FRONT)
    estate.tell_move_in(rental)
    estate.until_status(rental, "granted")
    code = fake.code_of(FRONT, rental.tenant)
    assert code is not None
    assert code["type"] == "ongoing"
    assert code["code"] == estate.field(rental, "seam_pinCode")

    estate.edit(rental, seam_pinCode="774401")
    estate.tell("unitRental.updated", unitRentalId=rental.id, changedKeys=["customFields.seam_pinCode"])
    until(lambda: (fake.code_of(FRONT, rental.tenant) or {})["code"] == "774401")

    estate.house.act(f"rentals/{rental.id}/overdue")
    estate.tell("unitRental.markOverdue", unitRentalIds=[rental.id])
    estate.until_status(rental, "suspended: overdue")
    code = fake.code_of(FRONT, rental.tenant)
    assert code is not None
    assert (code["code"], code["type"], code["starts_at"][:4]) == ("774401", "time_bound", "2099")

    estate.house.act(f"rentals/{rental.id}/pay")
    estate.tell("unitRental.unmarkOverdue", unitRentalId=rental.id)
    estate.until_status(rental, "granted")
    code = fake.code_of(FRONT, rental.tenant)
    assert code is not None
    assert (code["code"], code["type"]) == ("774401", "ongoing")

    moved = estate.house.act(f"rentals/{rental.id}/transfer", {"unitId": estate.unit(BACK)})
    estate.tell("job.unit_transfer.completed", oldRentalId=rental.id, newRentalId=moved["id"])
    until(lambda: estate.house.fields(moved["id"]).get("seam_status") == "granted")
    estate.until_status(rental, "revoked")
    assert estate.house.fields(moved["id"])["seam_pinCode"] == "774401"
    code = fake.code_of(BACK, rental.tenant)
    assert code is not None
    assert code["code"] == "774401"
    assert fake.code_of(FRONT, rental.tenant) is None

    estate.house.act(f"rentals/{moved['id']}/schedule-move-out")
    estate.house.act(f"rentals/{moved['id']}/confirm-move-out")
    estate.tell("job.unit_moveOut.completed", unitRentalId=moved["id"])
    until(lambda: estate.house.fields(moved["id"]).get("seam_status") == "revoked")
    assert fake.code_of(BACK, rental.tenant) is None


def test_a_code_that_the_lock_has_already_is_replaced_and_left_alone(estate: Estate, fake: Fake) -> None:
    taken = fake.set_by_somebody(BATHROOM, "662031")
    rental = estate.rent(BATHROOM)
    estate.edit(rental, seam_pinCode="662031")
    estate.tell_move_in(rental)
    estate.until_status(rental, "granted")
    code = fake.code_of(BATHROOM, rental.tenant)
    assert code is not None
    assert code["code"] != "662031"
    until(lambda: estate.field(rental, "seam_pinCode") == code["code"])
    assert taken in fake.codes_at(BATHROOM)


def test_a_code_typed_in_at_the_lock_outlives_the_tenant(estate: Estate, fake: Fake) -> None:
    typed = fake.type_in(FRONT, "905172")
    rental = estate.rent(FRONT)
    estate.tell_move_in(rental)
    estate.until_status(rental, "granted")
    estate.house.act(f"rentals/{rental.id}/schedule-move-out")
    estate.house.act(f"rentals/{rental.id}/confirm-move-out")
    estate.tell("job.unit_moveOut.completed", unitRentalId=rental.id)
    estate.until_status(rental, "revoked")
    assert fake.code_of(FRONT, rental.tenant) is None
    assert typed in fake.codes_at(FRONT)


def test_a_code_deleted_in_the_console_comes_back_with_a_resync(estate: Estate, fake: Fake) -> None:
    rental = estate.rent(BACK)
    estate.tell_move_in(rental)
    estate.until_status(rental, "granted")
    code = fake.code_of(BACK, rental.tenant)
    assert code is not None
    fake.delete(code["access_code_id"])
    estate.edit(rental, seam_resync="resync")
    estate.tell("unitRental.updated", unitRentalId=rental.id, changedKeys=["customFields.seam_resync"])
    again = until(lambda: fake.code_of(BACK, rental.tenant))
    assert again["code"] == code["code"]
