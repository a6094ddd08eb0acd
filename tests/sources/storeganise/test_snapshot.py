from datetime import date
from functools import partial
from typing import Any

import httpx
import pytest

from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly, BridgeError, Rejected
from bridge.domain.ids import RentalId, SubjectKey, TargetId, TenantId, UnitId
from bridge.domain.tenancy import Rental, RentalFields, RentalState, Snapshot, Tenant, Unit
from tests.sources.storeganise.platform_wire import (
    CONNECTION,
    ENDED,
    OTHER_SITE,
    RENTAL,
    SITE,
    SUBJECT,
    TENANT,
    PlatformWire,
    fixture,
    open_source,
)

pytestmark = pytest.mark.anyio

LIST = "unit-rentals"
UNIT = "66f1a0c2b7d4e90015c0d014"


async def snapshot_of(wire: PlatformWire, *known: RentalId, subject: SubjectKey = SUBJECT) -> Snapshot:
    return await open_source(wire).snapshot(subject, dict.fromkeys(known))


async def only_rental(wire: PlatformWire, **changes: Any) -> Rental:
    """Return the one rental of a snapshot whose list has the occupied rental, changed."""
    wire.listing(LIST, [fixture("rental_occupied", **changes)])
    return (await snapshot_of(wire)).rentals[0]


async def test_a_tenant_is_read_in_one_call(wire: PlatformWire) -> None:
    wire.listing(LIST, [fixture("rental_occupied")])
    assert await snapshot_of(wire) == Snapshot(
        subject=SUBJECT,
        tenant=Tenant(name="Mira Okafor", email="mira@example.net", phone="+44 7700 900123"),
        rentals=(
            Rental(
                id=RENTAL,
                unit=Unit(id=UnitId(UNIT), name="B-014", target=TargetId("ZONE2:14")),
                state=RentalState.OCCUPIED,
                start_date=date(2026, 3, 4),
                fields=RentalFields(code=GateCode("482913"), status="granted"),
            ),
        ),
    )
    assert wire.calls == ["GET unit-rentals"]


async def test_every_state_is_asked_for_with_everything_that_is_needed(wire: PlatformWire) -> None:
    wire.listing(LIST, [fixture("rental_occupied")])
    await snapshot_of(wire)
    assert dict(wire.asked[0].url.params) == {
        "ownerId": TENANT,
        "siteId": SITE,
        "include": "unit,owner,customFields",
        "limit": "50",
        "offset": "0",
    }


async def test_rentals_in_every_state_are_told(wire: PlatformWire) -> None:
    wire.listing(LIST, [fixture("rental_occupied"), fixture("rental_ended")])
    states = {rental.id: rental.state for rental in (await snapshot_of(wire)).rentals}
    assert states == {RENTAL: RentalState.OCCUPIED, ENDED: RentalState.ENDED}


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("submitted", RentalState.SUBMITTED),
        ("cancelled", RentalState.CANCELLED),
        ("canceled", RentalState.CANCELLED),
        ("abandoned", RentalState.ABANDONED),
        ("reserved", RentalState.RESERVED),
        ("ended", RentalState.ENDED),
        ("completed", RentalState.UNKNOWN),
        ("Occupied", RentalState.UNKNOWN),
        ("", RentalState.UNKNOWN),
    ],
)
async def test_a_state_that_no_document_has_is_unknown(wire: PlatformWire, word: str, state: RentalState) -> None:
    assert (await only_rental(wire, state=word)).state is state


class TestKnownRentals:
    async def test_a_known_rental_that_the_list_left_out_is_read_by_its_id(self, wire: PlatformWire) -> None:
        wire.listing(LIST, [fixture("rental_occupied")])
        wire.answer(f"unit-rentals/{ENDED}", fixture("rental_ended"))
        snapshot = await snapshot_of(wire, RENTAL, ENDED)
        assert {rental.id for rental in snapshot.rentals} == {RENTAL, ENDED}
        assert wire.calls == ["GET unit-rentals", f"GET unit-rentals/{ENDED}"]

    async def test_an_empty_list_is_outweighed_by_a_known_rental(self, wire: PlatformWire) -> None:
        wire.listing(LIST, [])
        wire.answer(f"unit-rentals/{RENTAL}", fixture("rental_occupied"))
        assert [rental.id for rental in (await snapshot_of(wire, RENTAL)).rentals] == [RENTAL]

    async def test_an_empty_list_with_nothing_known_proves_nothing(self, wire: PlatformWire) -> None:
        wire.listing(LIST, [])
        with pytest.raises(Anomaly, match="empty"):
            await snapshot_of(wire)


class TestContradictions:
    @pytest.mark.parametrize("change", [{"ownerId": "66f1a0c2b7d4e90015c01888"}, {"siteId": OTHER_SITE}])
    async def test_a_list_that_holds_somebody_elses_rental_proves_nothing(
        self, wire: PlatformWire, change: dict[str, Any]
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied"), fixture("rental_ended", **change)])
        with pytest.raises(Anomaly, match=ENDED):
            await snapshot_of(wire)

    @pytest.mark.parametrize("field", ["state", "ownerId", "siteId", "id"])
    @pytest.mark.parametrize("value", [None, 7, {"id": "x"}])
    async def test_a_rental_without_what_makes_it_one_is_an_anomaly(
        self, wire: PlatformWire, field: str, value: Any
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied", **{field: value})])
        with pytest.raises(Anomaly):
            await snapshot_of(wire)

    @pytest.mark.parametrize("part", ["owner", "unit"])
    async def test_an_included_part_of_another_object_is_an_anomaly(self, wire: PlatformWire, part: str) -> None:
        row = fixture("rental_occupied")
        row[part]["id"] = "66f1a0c2b7d4e90015c0dddd"
        wire.listing(LIST, [row])
        with pytest.raises(Anomaly, match=part):
            await snapshot_of(wire)

    async def test_an_occupied_rental_without_a_unit_is_an_anomaly(self, wire: PlatformWire) -> None:
        with pytest.raises(Anomaly, match="without a unit"):
            await only_rental(wire, unitId=None, unit=None)

    async def test_an_order_that_never_got_a_unit_is_left_out(self, wire: PlatformWire) -> None:
        order = fixture("rental_ended", state="submitted", unitId=None, unit=None)
        wire.listing(LIST, [fixture("rental_occupied"), order])
        assert [rental.id for rental in (await snapshot_of(wire)).rentals] == [RENTAL]

    @pytest.mark.parametrize("state", ["submitted", "cancelled", "abandoned", "reserved", "ended"])
    @pytest.mark.parametrize("is_listed", [True, False])
    async def test_a_known_rental_that_lost_its_unit_is_told_so_that_its_record_can_be_closed(
        self,
        wire: PlatformWire,
        state: str,
        is_listed: bool,  # noqa: FBT001  # a column of the table above
    ) -> None:
        without_unit = fixture("rental_ended", state=state, unitId=None, unit=None)
        wire.listing(LIST, [fixture("rental_occupied"), *([without_unit] if is_listed else [])])
        wire.answer(f"unit-rentals/{ENDED}", without_unit)
        rentals = {rental.id: rental for rental in (await snapshot_of(wire, ENDED)).rentals}
        assert rentals[ENDED].unit == Unit(id=UnitId(""), name="")
        assert rentals[ENDED].state == state

    async def test_a_changed_type_is_named_by_its_path_and_not_shown(self, wire: PlatformWire) -> None:
        row = fixture("rental_occupied")
        row["owner"]["firstName"] = {"en": "Mira"}
        wire.listing(LIST, [row])
        with pytest.raises(Anomaly) as caught:
            await snapshot_of(wire)
        assert "owner.firstName" in str(caught.value)
        assert "Mira" not in str(caught.value)

    @pytest.mark.parametrize("body", [None, {}, {"rows": []}, "text", 7, {"data": {}}])
    async def test_an_answer_that_is_no_list_proves_nothing(self, wire: PlatformWire, body: Any) -> None:
        wire.answer(LIST, body)
        with pytest.raises(Anomaly, match="no list"):
            await snapshot_of(wire)

    async def test_a_site_that_is_not_configured_is_never_asked(self, wire: PlatformWire) -> None:
        with pytest.raises(Rejected):
            await snapshot_of(wire, subject=SubjectKey(connection=CONNECTION, site=OTHER_SITE, tenant=TENANT))
        assert wire.asked == []

    @pytest.mark.parametrize("tenant", ["", "a/b", "x&siteId=other", "a" * 65])
    async def test_a_tenant_id_that_could_change_the_query_is_never_sent(self, wire: PlatformWire, tenant: str) -> None:
        subject = SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(tenant))
        with pytest.raises(Anomaly):
            await snapshot_of(wire, subject=subject)
        assert wire.asked == []


class TestDetails:
    @pytest.mark.parametrize(
        ("overdue", "is_overdue"),
        [("2026-04-11T18:00:09.201Z", True), (True, True), (None, False), (False, False), ("", False)],
    )
    async def test_overdue_is_whatever_is_not_empty(self, wire: PlatformWire, overdue: Any, is_overdue: bool) -> None:  # noqa: FBT001  # a column of the table above
        assert (await only_rental(wire, overdue=overdue)).overdue is is_overdue

    async def test_a_unit_that_staff_blocked_is_blocked(self, wire: PlatformWire) -> None:
        unit = {**fixture("rental_occupied")["unit"], "state": "blocked"}
        assert (await only_rental(wire, unit=unit)).unit.blocked

    @pytest.mark.parametrize(
        ("owner", "name"),
        [
            ({"firstName": "Mira"}, "Mira"),
            ({"name": "Mira O."}, "Mira O."),
            ({"companyName": "Boxes Ltd"}, "Boxes Ltd"),
            ({"firstName": " ", "lastName": ""}, "Tenant"),
            ({}, "Tenant"),
        ],
    )
    async def test_a_tenant_has_a_name_whatever_is_filled_in(
        self, wire: PlatformWire, owner: dict[str, Any], name: str
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied", owner={"id": TENANT, **owner})])
        tenant = (await snapshot_of(wire)).tenant
        assert tenant == Tenant(name=name)

    async def test_control_characters_in_names_are_gone(self, wire: PlatformWire) -> None:
        owner = {"id": TENANT, "firstName": "\x1b[31mMira\n", "lastName": "\u202eOkafor\x00", "email": "a\r\nb@c"}
        wire.listing(
            LIST, [fixture("rental_occupied", owner=owner, unit={"id": UNIT, "name": "B\n14", "customFields": {}})]
        )
        snapshot = await snapshot_of(wire)
        for text in (snapshot.tenant.name, snapshot.tenant.email or "", snapshot.rentals[0].unit.name):
            assert text.isprintable()


def answered(body: bytes, _: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=body)


async def test_no_snapshot_fails_with_anything_but_a_bridge_error(wire: PlatformWire) -> None:
    for body in (b"", b"[", b"[[]]", b"[null]", b'[{"id": []}]', b"\xff", b"[" * 100_000, b'[{"id": "\\ud800"}]'):
        wire.answer_with(LIST, partial(answered, body))
        with pytest.raises(BridgeError):
            await snapshot_of(wire)
