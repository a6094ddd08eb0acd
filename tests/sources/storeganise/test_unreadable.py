"""One rental of which nothing can be said now does not freeze the tenant's others."""

from typing import Any

import httpx
import pytest

from bridge.domain.errors import Anomaly, BridgeError, RateLimited, Unauthorized, Unreachable
from bridge.domain.ids import RentalId, UnitId
from bridge.domain.tenancy import RentalState, Snapshot, Tenant
from tests.sources.storeganise.platform_wire import (
    ENDED,
    OTHER_SITE,
    RENTAL,
    SUBJECT,
    TENANT,
    PlatformWire,
    fixture,
    open_source,
)

pytestmark = pytest.mark.anyio

LIST = "unit-rentals"
LOST = f"unit-rentals/{ENDED}"
STRANGER = "66f1a0c2b7d4e90015c01888"
MOVE_OUT = "66f1a0c2b7d4e90015c0c402"


async def snapshot_of(wire: PlatformWire, *known: RentalId) -> Snapshot:
    return await open_source(wire).snapshot(SUBJECT, dict.fromkeys(known))


async def why_unreadable(wire: PlatformWire) -> str:
    """Return why the lost rental cannot be read, after making sure that the listed one is told all the same."""
    wire.listing(LIST, [fixture("rental_occupied")])
    snapshot = await snapshot_of(wire, RENTAL, ENDED)
    assert [rental.id for rental in snapshot.rentals] == [RENTAL]
    assert snapshot.tenant.name == "Mira Okafor"
    assert list(snapshot.unreadable) == [ENDED]
    return snapshot.unreadable[ENDED]


async def test_a_rental_that_can_be_read_is_not_unreadable(wire: PlatformWire) -> None:
    wire.listing(LIST, [fixture("rental_occupied")])
    wire.answer(LOST, fixture("rental_ended"))
    assert (await snapshot_of(wire, RENTAL, ENDED)).unreadable == {}


async def test_one_that_the_platform_does_not_find(wire: PlatformWire) -> None:
    assert await why_unreadable(wire) == f"{LOST} is not found"


@pytest.mark.parametrize(
    ("change", "why"),
    [({"ownerId": STRANGER}, "belongs to another user"), ({"siteId": OTHER_SITE}, "is at another site")],
)
async def test_one_that_changed_hands(wire: PlatformWire, change: dict[str, Any], why: str) -> None:
    wire.answer(LOST, fixture("rental_ended", owner=None, **change))
    assert await why_unreadable(wire) == f"{LOST} {why}"


async def test_the_new_owner_of_one_that_changed_hands_is_not_taken_for_the_tenant(wire: PlatformWire) -> None:
    wire.listing(LIST, [])
    wire.answer(LOST, fixture("rental_ended", ownerId=STRANGER, owner={"id": STRANGER, "firstName": "Jo"}))
    wire.answer(f"users/{TENANT}", fixture("user"))
    assert (await snapshot_of(wire, ENDED)).tenant.name == "Mira Okafor"


@pytest.mark.parametrize(
    "change",
    [
        {"state": None},
        {"state": {"secret": "Mira"}},
        {"owner": {"id": TENANT, "firstName": {"en": "Mira"}}},
        {"startDate": "Mira"},
        {"customFields": {"gate_pinCode": ["Mira"]}},
        {"id": RENTAL},
        {"state": "occupied", "unitId": None, "unit": None},
        {"state": "occupied", "unit": None},
        {"state": "occupied", "moveOutJobId": MOVE_OUT},
    ],
)
async def test_one_whose_answers_make_no_sense(wire: PlatformWire, change: dict[str, Any]) -> None:
    wire.answer(LOST, fixture("rental_ended", **change))
    wire.answer(f"jobs/{MOVE_OUT}", fixture("job_move_out", data={"unitRentalId": RENTAL}))
    why = await why_unreadable(wire)
    assert why.startswith(LOST)
    assert "Mira" not in why


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"\xff", b"[" * 100_000])
async def test_one_whose_answer_is_no_object(wire: PlatformWire, body: bytes) -> None:
    wire.answer_with(LOST, lambda _: httpx.Response(200, content=body))
    assert (await why_unreadable(wire)).startswith(LOST)


@pytest.mark.parametrize("status", [400, 410, 422])
async def test_one_that_the_platform_refuses_to_show_in_words_that_are_not_repeated(
    wire: PlatformWire, status: int
) -> None:
    wire.answer(LOST, {"error": {"type": "gone", "message": "Mira Okafor has left"}}, status=status)
    assert await why_unreadable(wire) == f"{LOST}: the platform refuses to show it"


async def test_a_known_id_that_could_leave_its_path_is_never_sent(wire: PlatformWire) -> None:
    wire.listing(LIST, [fixture("rental_occupied")])
    outside = RentalId("../users\n")
    why = (await snapshot_of(wire, outside)).unreadable[outside]
    assert why.startswith("unit-rentals/../users: ")
    assert why.isprintable()
    assert wire.calls == ["GET unit-rentals"]


async def test_a_state_that_no_document_has_is_told_as_unknown(wire: PlatformWire) -> None:
    wire.listing(LIST, [fixture("rental_occupied")])
    wire.answer(LOST, fixture("rental_ended", state="completed"))
    snapshot = await snapshot_of(wire, ENDED)
    assert {rental.id: rental.state for rental in snapshot.rentals}[ENDED] is RentalState.UNKNOWN
    assert snapshot.unreadable == {}


class TestNothingButUnreadable:
    async def test_the_tenant_is_looked_up(self, wire: PlatformWire) -> None:
        wire.listing(LIST, [])
        wire.answer(f"users/{TENANT}", fixture("user"))
        snapshot = await snapshot_of(wire, RENTAL, ENDED)
        assert snapshot.rentals == ()
        assert set(snapshot.unreadable) == {RENTAL, ENDED}
        assert snapshot.tenant.name == "Mira Okafor"

    async def test_a_tenant_who_is_gone_too_has_a_name(self, wire: PlatformWire) -> None:
        wire.listing(LIST, [])
        snapshot = await snapshot_of(wire, ENDED)
        assert snapshot == Snapshot(
            subject=SUBJECT,
            tenant=Tenant(name="Tenant"),
            rentals=(),
            unreadable={ENDED: f"{LOST} is not found"},
        )

    async def test_a_platform_that_goes_away_meanwhile_fails_it(self, wire: PlatformWire) -> None:
        wire.listing(LIST, [])
        wire.answer(f"users/{TENANT}", None, status=503)
        with pytest.raises(Unreachable):
            await snapshot_of(wire, ENDED)


class TestStillTheWholeSnapshot:
    @pytest.mark.parametrize(
        ("status", "error"), [(503, Unreachable), (429, RateLimited), (401, Unauthorized), (403, Unauthorized)]
    )
    @pytest.mark.parametrize("path", [LOST, f"jobs/{MOVE_OUT}"])
    async def test_a_platform_that_is_away_fails_it(
        self, wire: PlatformWire, path: str, status: int, error: type[BridgeError]
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied")])
        wire.answer(LOST, fixture("rental_ended", state="occupied", moveOutJobId=MOVE_OUT))
        wire.answer(path, {"error": {"message": "down"}}, status=status)
        with pytest.raises(error):
            await snapshot_of(wire, ENDED)

    @pytest.mark.parametrize(
        "change",
        [{"ownerId": STRANGER}, {"siteId": OTHER_SITE}, {"state": None}],
    )
    async def test_a_listed_row_that_contradicts_the_question_fails_it(
        self, wire: PlatformWire, change: dict[str, Any]
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied"), fixture("rental_ended", **change)])
        with pytest.raises(Anomaly):
            await snapshot_of(wire, RENTAL, ENDED)

    @pytest.mark.parametrize(
        "change",
        [
            {"startDate": "soon"},
            {"state": "occupied", "customFields": {"gate_overdueUntil": "next week"}},
            {"state": "occupied", "customFields": {"gate_overlocked": "yes"}},
        ],
    )
    async def test_a_listed_row_that_cannot_be_read_leaves_the_others_told(
        self, wire: PlatformWire, change: dict[str, Any]
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied"), fixture("rental_ended", **change)])
        found = await snapshot_of(wire, RENTAL, ENDED)
        assert [rental.id for rental in found.rentals] == [RENTAL]
        assert list(found.unreadable) == [ENDED]

    @pytest.mark.parametrize("field", [{"gate_overdueUntil": "next week"}, {"gate_overlocked": "yes"}])
    async def test_what_staff_wrote_on_a_rental_that_is_over_does_not_keep_it_open(
        self, wire: PlatformWire, field: dict[str, str]
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied"), fixture("rental_ended", customFields=field)])
        found = await snapshot_of(wire, RENTAL, ENDED)
        assert {rental.id for rental in found.rentals} == {RENTAL, ENDED}

    @pytest.mark.parametrize(
        ("unit", "is_over"),
        [
            ({"state": "occupied", "rentalId": "66f1a0c2b7d4e90015c0b999"}, True),
            ({"state": "reserved", "rentalId": "66f1a0c2b7d4e90015c0b999"}, False),
            ({"state": "occupied", "rentalId": ENDED}, False),
            ({"state": "available", "rentalId": None}, False),
        ],
    )
    async def test_a_deleted_rental_is_over_where_somebody_else_rents_its_unit(
        self, wire: PlatformWire, unit: dict[str, Any], *, is_over: bool
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied")])
        wire.answer(LOST, {"error": {"message": "gone"}}, status=404)
        wire.answer("units/66f1a0c2b7d4e90015c0d099", fixture("unit", id="66f1a0c2b7d4e90015c0d099", **unit))
        found = await open_source(wire).snapshot(SUBJECT, {ENDED: UnitId("66f1a0c2b7d4e90015c0d099")})
        assert [rental.id for rental in found.rentals if rental.is_gone] == ([ENDED] if is_over else [])
        assert list(found.unreadable) == ([] if is_over else [ENDED])

    async def test_a_listed_rental_that_is_gone_when_its_fields_are_asked_for_fails_it(
        self, wire: PlatformWire
    ) -> None:
        wire.listing(LIST, [fixture("rental_occupied"), fixture("rental_ended", customFields=None)])
        with pytest.raises(Anomaly, match=ENDED):
            await snapshot_of(wire, ENDED)
