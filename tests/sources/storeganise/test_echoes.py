from typing import Any

import pytest

from bridge.domain.credential import GateCode
from bridge.domain.deliveries import Sighting
from bridge.domain.tenancy import Resync
from tests.sources.storeganise.platform_wire import (
    ENDED,
    RENTAL,
    SUBJECT,
    PlatformWire,
    delivery,
    fixture,
    open_source,
)

pytestmark = pytest.mark.anyio

RENTAL_PATH = f"unit-rentals/{RENTAL}"
ENDED_PATH = f"unit-rentals/{ENDED}"
SEEN = Sighting(subject=SUBJECT, rental=RENTAL)
ECHOED = ["customFields.gate_pinCode", "customFields.gate_status"]


@pytest.fixture
def wire() -> PlatformWire:
    platform = PlatformWire()
    platform.answer(RENTAL_PATH, fixture("rental_occupied"))
    platform.answer(ENDED_PATH, fixture("rental_ended"))
    return platform


class TestEchoes:
    async def test_an_event_about_our_own_fields_carries_what_stands_in_them(self, wire: PlatformWire) -> None:
        resolution = await open_source(wire).resolve(
            delivery("unitRental.updated", {"unitRentalId": RENTAL, "changedKeys": ECHOED})
        )
        assert resolution.sightings == (SEEN,)
        assert resolution.echoes[RENTAL].code == GateCode("482913")
        assert resolution.echoes[RENTAL].status == "granted"

    @pytest.mark.parametrize(
        "keys", [["gate_pinCode"], ["gate_status", "customFields.gate_pinCode"], ["customFields.gate_resync"]]
    )
    async def test_keys_without_their_container_are_ours_too(self, wire: PlatformWire, keys: list[str]) -> None:
        resolution = await open_source(wire).resolve(
            delivery("unitRental.updated", {"unitRentalId": RENTAL, "changedKeys": keys})
        )
        assert set(resolution.echoes) == {RENTAL}

    @pytest.mark.parametrize(
        "keys",
        [
            None,
            [],
            "customFields.gate_status",
            [*ECHOED, "customFields.gate_overlocked"],
            [*ECHOED, "startDate"],
            [*ECHOED, 7],
            ["customFields.other_pinCode"],
        ],
    )
    async def test_an_event_about_anything_else_is_no_echo(self, wire: PlatformWire, keys: Any) -> None:
        resolution = await open_source(wire).resolve(
            delivery("unitRental.updated", {"unitRentalId": RENTAL, "changedKeys": keys})
        )
        assert resolution.sightings == (SEEN,)
        assert resolution.echoes == {}

    async def test_what_staff_ask_for_is_carried_too_so_that_it_is_no_echo(self, wire: PlatformWire) -> None:
        wire.answer(RENTAL_PATH, fixture("rental_occupied", customFields={"gate_resync": "rotate"}))
        resolution = await open_source(wire).resolve(
            delivery("unitRental.updated", {"unitRentalId": RENTAL, "changedKeys": ["customFields.gate_resync"]})
        )
        assert resolution.echoes[RENTAL].resync is Resync.ROTATE

    async def test_another_type_with_our_keys_is_no_echo(self, wire: PlatformWire) -> None:
        resolution = await open_source(wire).resolve(
            delivery("unitRental.markOverdue", {"unitRentalId": RENTAL, "changedKeys": ECHOED})
        )
        assert resolution.echoes == {}

    async def test_fields_that_cannot_be_read_are_no_echo(self, wire: PlatformWire) -> None:
        wire.answer(RENTAL_PATH, fixture("rental_occupied", customFields={"gate_pinCode": ["4"]}))
        resolution = await open_source(wire).resolve(
            delivery("unitRental.updated", {"unitRentalId": RENTAL, "changedKeys": ECHOED})
        )
        assert resolution.sightings == (SEEN,)
        assert resolution.echoes == {}
