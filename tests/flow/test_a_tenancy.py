"""Signed bytes in, an open gate and written fields out: real processes over TCP."""

import itertools
from typing import Any

import pytest

from tests.flow.house import ADDON, Bridge, House

_numbers = itertools.count(100)


def envelope(variant: str, number: int, type: str, house: House, data: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - the sender's word
    common = {"id": f"66f1a0c2b7d4e90015f{number:05x}", "type": type, "data": data}
    created = {"created": "2026-03-04T12:00:07.412Z"}
    variants: dict[str, dict[str, Any]] = {
        "A": {**common, **created},
        "B": {**common, **created, "businessCode": "lakesidebox"},
        "C": {**common, "businessCode": "lakesidebox", "apiUrl": f"{house.platform}/api"},
        "D": {**common, **created, "apiUrl": f"{house.platform}/api", "addonId": ADDON},
    }
    return variants[variant]


@pytest.mark.parametrize(
    ("variant", "by_job"), [("A", True), ("B", True), ("B", False), ("C", True), ("C", False), ("D", False)]
)
def test_a_move_in_opens_the_gate_whatever_the_envelope(
    house: House,
    bridge: Bridge,
    variant: str,
    by_job: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    number = next(_numbers)
    rental = house.new_rental(number)
    data = {"jobId": rental["moveInJobId"]} if by_job else {"unitRentalId": rental["id"]}
    answer = house.post(bridge, envelope(variant, number, "job.unit_moveIn.completed", house, data))
    assert (answer.status_code, answer.json()) == (200, {"message": "accepted"})
    code = house.until_code(rental["id"])
    assert len(code) == 6
    assert code.isdigit()
    assert house.opens(rental["target"], code)
    assert house.fields(rental["id"])["gate_status"] == "granted"


def test_a_whole_tenancy(house: House, bridge: Bridge) -> None:
    number = next(_numbers)
    rental = house.new_rental(number)

    def tell(type: str, **data: Any) -> None:  # noqa: A002 - the sender's word
        assert house.post(bridge, envelope("B", next(_numbers), type, house, data)).status_code == 200

    tell("job.unit_moveIn.completed", jobId=rental["moveInJobId"])
    code = house.until_code(rental["id"])

    house.act(f"rentals/{rental['id']}/overdue")
    tell("unitRental.markOverdue", unitRentalIds=[rental["id"]])
    house.until_status(rental["id"], "suspended: overdue")
    assert not house.opens(rental["target"], code)

    house.act(f"rentals/{rental['id']}/edit", {"customFields": {"gate_overlocked": True}})
    house.act(f"rentals/{rental['id']}/pay")
    tell("unitRental.unmarkOverdue", unitRentalId=rental["id"])
    house.until_status(rental["id"], "suspended: manual")
    assert not house.opens(rental["target"], code), "a payment removes only overdue"

    house.act(f"rentals/{rental['id']}/edit", {"customFields": {"gate_overlocked": False}})
    tell("unitRental.updated", unitRentalId=rental["id"], changedKeys=["customFields.gate_overlocked"])
    house.until_status(rental["id"], "granted")
    assert house.opens(rental["target"], code)

    name = f"T-{number}"
    unit = house.act("units", {"siteId": rental["siteId"], "name": name, "customFields": {"gate_id": name}})
    moved = house.act(f"rentals/{rental['id']}/transfer", {"unitId": unit["id"]})
    tell("job.unit_transfer.completed", oldRentalId=rental["id"], newRentalId=moved["id"])
    house.until_status(moved["id"], "granted")
    house.until_status(rental["id"], "revoked")
    assert house.fields(moved["id"])["gate_pinCode"] == code
    assert house.fields(rental["id"]).get("gate_pinCode") is None
    assert house.opens(name, code)
    assert not house.opens(rental["target"], code)

    house.act(f"rentals/{moved['id']}/schedule-move-out")
    house.act(f"rentals/{moved['id']}/confirm-move-out")
    tell("job.unit_moveOut.completed", unitRentalId=moved["id"])
    house.until_status(moved["id"], "revoked")
    assert not house.opens(name, code)
