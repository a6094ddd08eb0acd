import pytest

from bridge.domain.deliveries import Sighting
from bridge.domain.errors import Rejected
from tests.sources.storeganise.platform_wire import (
    ENDED,
    OTHER_SITE,
    RENTAL,
    SITE,
    SUBJECT,
    PlatformWire,
    delivery,
    fixture,
    open_source,
    site,
)

pytestmark = pytest.mark.anyio

RENTAL_PATH = f"unit-rentals/{RENTAL}"
ENDED_PATH = f"unit-rentals/{ENDED}"
SEEN = Sighting(subject=SUBJECT, rental=RENTAL)


@pytest.fixture
def wire() -> PlatformWire:
    platform = PlatformWire()
    platform.answer(RENTAL_PATH, fixture("rental_occupied"))
    platform.answer(ENDED_PATH, fixture("rental_ended"))
    return platform


class TestTransfers:
    EVENT = "job.unit_transfer.completed"

    async def test_both_rentals_of_a_transfer_are_seen_and_linked(self, wire: PlatformWire) -> None:
        resolution = await open_source(wire).resolve(
            delivery(self.EVENT, {"oldRentalId": ENDED, "newRentalId": RENTAL})
        )
        assert {sighting.rental for sighting in resolution.sightings} == {RENTAL, ENDED}
        assert resolution.transfers == {ENDED: RENTAL}

    async def test_a_plain_transfer_is_read_from_its_job(self, wire: PlatformWire) -> None:
        wire.answer("jobs/66f1a0c2b7d4e90015c0c503", fixture("job_transfer"))
        resolution = await open_source(wire).resolve(delivery(self.EVENT, {"jobId": "66f1a0c2b7d4e90015c0c503"}))
        assert resolution.transfers == {ENDED: RENTAL}

    async def test_half_a_transfer_is_completed_from_its_job(self, wire: PlatformWire) -> None:
        wire.answer("jobs/66f1a0c2b7d4e90015c0c503", fixture("job_transfer"))
        resolution = await open_source(wire).resolve(
            delivery(self.EVENT, {"jobId": "66f1a0c2b7d4e90015c0c503", "newRentalId": RENTAL})
        )
        assert resolution.transfers == {ENDED: RENTAL}

    async def test_a_transfer_across_sites_is_seen_at_both(self, wire: PlatformWire) -> None:
        wire.answer(ENDED_PATH, fixture("rental_ended", siteId=OTHER_SITE))
        resolution = await open_source(wire, [site(SITE), site(OTHER_SITE)]).resolve(
            delivery(self.EVENT, {"oldRentalId": ENDED, "newRentalId": RENTAL})
        )
        assert {sighting.subject.site for sighting in resolution.sightings} == {SITE, OTHER_SITE}
        assert resolution.transfers == {ENDED: RENTAL}

    async def test_rentals_of_two_owners_are_seen_but_never_linked(self, wire: PlatformWire) -> None:
        wire.answer(ENDED_PATH, fixture("rental_ended", ownerId="66f1a0c2b7d4e90015c01888"))
        resolution = await open_source(wire).resolve(
            delivery(self.EVENT, {"oldRentalId": ENDED, "newRentalId": RENTAL})
        )
        assert len({sighting.subject.tenant for sighting in resolution.sightings}) == 2
        assert resolution.transfers == {}

    async def test_a_left_rental_that_is_gone_does_not_stop_the_new_one(self, wire: PlatformWire) -> None:
        wire.answer(ENDED_PATH, fixture("error_not_found"), status=404)
        resolution = await open_source(wire).resolve(
            delivery(self.EVENT, {"oldRentalId": ENDED, "newRentalId": RENTAL})
        )
        assert resolution.sightings == (SEEN,)
        assert resolution.unresolved == (ENDED,)

    async def test_a_transfer_that_names_nothing_is_set_aside(self, wire: PlatformWire) -> None:
        with pytest.raises(Rejected):
            await open_source(wire).resolve(delivery(self.EVENT, {}))
