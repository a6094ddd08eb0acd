"""What certifies the adapter: the conformance kit over access systems of every kind that its options know."""

from dataclasses import replace
from typing import Any, ClassVar

from adapters.seam_acs import ADAPTER
from adapters.seam_acs.simulation import AcsSimulation, Brand
from bridge.testing.conformance import AdapterConformance, SimulatedClock, Simulation


class OverASystem(AdapterConformance):
    spec = ADAPTER
    brand: ClassVar[Brand] = Brand()
    by_name: ClassVar[bool] = False
    extra: ClassVar[dict[str, Any]] = {}

    def simulate(self, clock: SimulatedClock) -> Simulation:
        return AcsSimulation(clock, self.brand, by_name=self.by_name, **self.extra)


class TestGivenShown(OverASystem):
    pass


class TestGivenHiddenByName(OverASystem):
    brand = Brand(masks_codes=True)
    by_name = True
    extra: ClassVar[dict[str, Any]] = {"shows_codes": False, "targets": "name", "contacts": True}


SALTO_LIKE = Brand(external_type="salto_ks_site", group_type="salto_ks_access_group", makes_codes=True)


class TestMadeShown(OverASystem):
    brand = replace(SALTO_LIKE, seats=True)
    extra: ClassVar[dict[str, Any]] = {"codes": "made"}


class TestMadeHidden(OverASystem):
    brand = replace(SALTO_LIKE, masks_codes=True)
    extra: ClassVar[dict[str, Any]] = {"codes": "made", "shows_codes": False}


class TestMadeLateOneAtATime(OverASystem):
    """A code is told when it is there, and somebody can have one only."""

    brand = replace(SALTO_LIKE, one_code_each=True, late_seconds=8.0)
    extra: ClassVar[dict[str, Any]] = {"codes": "made", "renewal": "replace"}
