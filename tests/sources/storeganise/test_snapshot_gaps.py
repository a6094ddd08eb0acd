"""What a snapshot asks for beside the list."""

from datetime import date
from typing import Any

import pytest

from bridge.domain.errors import Anomaly
from bridge.domain.ids import RentalId, SubjectKey, UnitId
from bridge.domain.tenancy import Rental, RentalFields, Snapshot, Unit
from tests.sources.storeganise.platform_wire import (
    ENDED,
    RENTAL,
    SUBJECT,
    TENANT,
    PlatformWire,
    fixture,
    open_source,
)

pytestmark = pytest.mark.anyio

LIST = "unit-rentals"
MOVE_OUT = "66f1a0c2b7d4e90015c0c402"
UNIT = "66f1a0c2b7d4e90015c0d014"


async def snapshot_of(wire: PlatformWire, *known: RentalId, subject: SubjectKey = SUBJECT) -> Snapshot:
    return await open_source(wire).snapshot(subject, dict.fromkeys(known))


async def only_rental(wire: PlatformWire, **changes: Any) -> Rental:
    """Return the one rental of a snapshot whose list has the occupied rental, changed; raise why it cannot be read."""
    wire.listing(LIST, [fixture("rental_occupied", **changes)])
    found = await snapshot_of(wire)
    for why in found.unreadable.values():
        raise Anomaly(why)
    return found.rentals[0]


class TestWhatTheListLeftOut:
    async def test_custom_fields_that_are_missing_are_asked_for_and_not_taken_for_empty(
        self, wire: PlatformWire
    ) -> None:
        row = fixture("rental_occupied")
        del row["customFields"]
        wire.listing(LIST, [row])
        wire.answer(f"unit-rentals/{RENTAL}", fixture("rental_occupied", customFields={"gate_overlocked": True}))
        assert (await snapshot_of(wire)).rentals[0].fields.overlocked

    async def test_a_rental_that_has_no_fields_when_asked_alone_has_none(self, wire: PlatformWire) -> None:
        row = fixture("rental_occupied", customFields=None)
        wire.listing(LIST, [row])
        wire.answer(f"unit-rentals/{RENTAL}", row)
        assert (await snapshot_of(wire)).rentals[0].fields == RentalFields()

    async def test_a_unit_without_its_fields_is_asked_for(self, wire: PlatformWire) -> None:
        wire.answer(f"units/{UNIT}", fixture("unit"))
        row = fixture("rental_occupied")
        del row["unit"]["customFields"]
        assert (await only_rental(wire, unit=row["unit"])).unit.target == "ZONE2:14"
        assert wire.asked[-1].url.params["include"] == "customFields"

    async def test_a_unit_that_was_not_included_is_asked_for(self, wire: PlatformWire) -> None:
        wire.answer(f"units/{UNIT}", fixture("unit"))
        assert (await only_rental(wire, unit=None)).unit.name == "B-014"

    async def test_a_unit_that_is_gone_is_an_anomaly(self, wire: PlatformWire) -> None:
        with pytest.raises(Anomaly, match=f"units/{UNIT}"):
            await only_rental(wire, unit=None)

    async def test_the_unit_of_a_rental_that_is_over_is_not_asked_for(self, wire: PlatformWire) -> None:
        rental = await only_rental(wire, state="ended", unit=None)
        assert rental.unit == Unit(id=UnitId(UNIT), name="")
        assert wire.calls == ["GET unit-rentals"]

    async def test_an_owner_that_was_not_included_is_asked_for(self, wire: PlatformWire) -> None:
        wire.listing(LIST, [fixture("rental_occupied", owner=None)])
        wire.answer(f"users/{TENANT}", fixture("user"))
        assert (await snapshot_of(wire)).tenant.name == "Mira Okafor"

    async def test_an_owner_that_is_gone_is_an_anomaly(self, wire: PlatformWire) -> None:
        wire.listing(LIST, [fixture("rental_occupied", owner=None)])
        with pytest.raises(Anomaly, match=TENANT):
            await snapshot_of(wire)


class TestMoveOut:
    async def date_with(self, wire: PlatformWire, **changes: Any) -> date | None:
        wire.answer(f"jobs/{MOVE_OUT}", fixture("job_move_out", **changes))
        return (await only_rental(wire, moveOutJobId=MOVE_OUT)).move_out_date

    @pytest.mark.parametrize("state", ["ready", "running"])
    async def test_a_move_out_that_is_alive_has_a_date(self, wire: PlatformWire, state: str) -> None:
        assert await self.date_with(wire, state=state) == date(2026, 6, 30)

    @pytest.mark.parametrize(
        "changes",
        [
            {"state": "completed"},
            {"state": "cancelled"},
            {"state": None},
            {"type": "unit_moveIn"},
            {"data": None},
            {"data": {}},
        ],
    )
    async def test_a_move_out_that_is_over_has_none(self, wire: PlatformWire, changes: dict[str, Any]) -> None:
        assert await self.date_with(wire, **changes) is None

    async def test_a_move_out_job_that_is_gone_has_none(self, wire: PlatformWire) -> None:
        assert (await only_rental(wire, moveOutJobId=MOVE_OUT)).move_out_date is None

    async def test_the_date_may_stand_under_its_other_name(self, wire: PlatformWire) -> None:
        assert await self.date_with(wire, data={"moveOutDate": "2026-07-01"}) == date(2026, 7, 1)

    async def test_another_rentals_move_out_is_an_anomaly(self, wire: PlatformWire) -> None:
        with pytest.raises(Anomaly, match="another rental"):
            await self.date_with(wire, data={"unitRentalId": ENDED, "date": "2026-06-30"})

    async def test_a_date_that_is_none_is_an_anomaly(self, wire: PlatformWire) -> None:
        with pytest.raises(Anomaly, match="no date"):
            await self.date_with(wire, data={"date": "soon"})

    async def test_the_move_out_of_a_rental_that_is_over_is_not_asked_for(self, wire: PlatformWire) -> None:
        wire.answer(f"jobs/{MOVE_OUT}", fixture("job_move_out"))
        assert (await only_rental(wire, moveOutJobId=MOVE_OUT, state="ended")).move_out_date is None
        assert wire.calls == ["GET unit-rentals"]
