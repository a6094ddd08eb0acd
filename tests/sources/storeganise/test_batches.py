"""Scenario 13: many rentals in one event, and one failing does not stop the rest."""

from typing import Any

import httpx
import pytest

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Unauthorized, Unreachable
from bridge.domain.ids import RentalId, SubjectKey, TenantId
from tests.sources.storeganise.platform_wire import (
    CONNECTION,
    ENDED,
    RENTAL,
    SITE,
    PlatformWire,
    delivery,
    fixture,
    open_source,
)

pytestmark = pytest.mark.anyio

RENTAL_PATH = f"unit-rentals/{RENTAL}"
ENDED_PATH = f"unit-rentals/{ENDED}"


@pytest.fixture
def wire() -> PlatformWire:
    platform = PlatformWire()
    platform.answer(RENTAL_PATH, fixture("rental_occupied"))
    platform.answer(ENDED_PATH, fixture("rental_ended"))
    return platform


class TestBatches:
    EVENT = "unitRental.markOverdue"

    @staticmethod
    def rental(number: int) -> dict[str, Any]:
        return fixture("rental_occupied", id=f"r{number:04}", ownerId=f"o{number:04}", unit=None, owner=None)

    def batch(self, wire: PlatformWire, *, left_out: frozenset[str] = frozenset()) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            ids = request.url.params["ids"].split(",")
            rows = [self.rental(int(row[1:])) for row in ids if row not in left_out]
            return httpx.Response(200, json=[*rows, fixture("rental_ended")])

        wire.answer_with("unit-rentals", answer)

    async def test_two_hundred_and_fifty_rentals_are_all_seen_in_a_few_calls(self, wire: PlatformWire) -> None:
        self.batch(wire)
        ids = [f"r{number:04}" for number in range(250)]
        resolution = await open_source(wire).resolve(delivery(self.EVENT, {"unitRentalIds": ids}))
        assert resolution.sightings == tuple(
            Sighting(
                subject=SubjectKey(connection=CONNECTION, site=SITE, tenant=TenantId(row.replace("r", "o"))),
                rental=RentalId(row),
            )
            for row in ids
        )
        assert len(wire.calls) == 7
        assert all(len(request.url.params["ids"].split(",")) <= 40 for request in wire.asked)

    async def test_a_rental_named_twice_is_seen_once(self, wire: PlatformWire) -> None:
        resolution = await open_source(wire).resolve(
            delivery(self.EVENT, {"unitRentalId": RENTAL, "unitRentalIds": [RENTAL, ENDED, RENTAL]})
        )
        assert [sighting.rental for sighting in resolution.sightings] == [RENTAL, ENDED]

    async def test_a_rental_that_a_batch_left_out_is_asked_for_alone(self, wire: PlatformWire) -> None:
        self.batch(wire, left_out=frozenset({"r0003"}))
        wire.answer("unit-rentals/r0003", self.rental(3))
        resolution = await open_source(wire).resolve(
            delivery(self.EVENT, {"unitRentalIds": [f"r{number:04}" for number in range(5)]})
        )
        assert len(resolution.sightings) == 5
        assert wire.calls == ["GET unit-rentals", "GET unit-rentals/r0003"]

    async def test_one_that_is_gone_does_not_stop_the_rest_and_is_told(self, wire: PlatformWire) -> None:
        self.batch(wire, left_out=frozenset({"r0003"}))
        resolution = await open_source(wire).resolve(
            delivery(self.EVENT, {"unitRentalIds": [f"r{number:04}" for number in range(5)]})
        )
        assert len(resolution.sightings) == 4
        assert resolution.unresolved == (RentalId("r0003"),)

    async def test_one_that_cannot_be_read_does_not_stop_the_rest_and_is_told(self, wire: PlatformWire) -> None:
        broken = {**self.rental(1), "ownerId": {"id": "o"}}
        wire.answer("unit-rentals", [self.rental(0), broken, self.rental(2)])
        resolution = await open_source(wire).resolve(
            delivery(self.EVENT, {"unitRentalIds": ["r0000", "r0001", "r0002"]})
        )
        assert [sighting.rental for sighting in resolution.sightings] == ["r0000", "r0002"]
        assert resolution.unresolved == (RentalId("r0001"),)

    async def test_a_batch_that_fails_leaves_its_rentals_unresolved_and_asks_for_none_alone(
        self, wire: PlatformWire
    ) -> None:
        ids = [f"r{number:04}" for number in range(50)]

        def failing_second(request: httpx.Request) -> httpx.Response:
            if "r0040" in request.url.params["ids"]:
                return httpx.Response(429, headers={"Retry-After": "9"})
            return httpx.Response(200, json=[self.rental(number) for number in range(40)])

        wire.answer_with("unit-rentals", failing_second)
        resolution = await open_source(wire).resolve(delivery(self.EVENT, {"unitRentalIds": ids}))
        assert len(resolution.sightings) == 40
        assert list(resolution.unresolved) == ids[40:]
        assert len(wire.calls) == 2

    async def test_when_nothing_at_all_could_be_read_the_first_failure_is_the_runs(self, wire: PlatformWire) -> None:
        wire.answer_with("unit-rentals", lambda _: httpx.Response(503))
        with pytest.raises(Unreachable):
            await open_source(wire).resolve(delivery(self.EVENT, {"unitRentalIds": ["r1", "r2", "r3"]}))

    async def test_a_refused_key_is_the_runs_failure_whatever_else_was_read(self, wire: PlatformWire) -> None:
        self.batch(wire, left_out=frozenset({"r0003"}))
        wire.answer("unit-rentals/r0003", {"error": {"type": "forbidden"}}, status=403)
        with pytest.raises(Unauthorized):
            await open_source(wire).resolve(
                delivery(self.EVENT, {"unitRentalIds": [f"r{number:04}" for number in range(5)]})
            )
