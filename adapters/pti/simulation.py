"""A PTI site as Seam shows it: units and access levels, and codes that are numbers."""

from typing import Any, Final

from adapters.seam_acs.simulation import AcsSimulation, Brand
from bridge.testing.simulation import SimulatedClock

LEVEL: Final = "Tenants 6am-10pm"
OTHER_LEVEL: Final = "Staff 24h"


def pti(*, late_seconds: float = 0.0, masks_codes: bool = False) -> Brand:
    return Brand(
        external_type="pti_site",
        group_type="pti_unit",
        level_type="pti_access_level",
        is_code_a_number=True,
        one_code_each=True,
        late_seconds=late_seconds,
        masks_codes=masks_codes,
    )


class PtiSimulation(AcsSimulation):
    """One site with two access levels; a unit and a level have the same name, which is no trouble."""

    def __init__(
        self, clock: SimulatedClock, brand: Brand | None = None, *, by_name: bool = True, **extra: Any
    ) -> None:
        targets = {"targets": "name" if by_name else "id"}
        super().__init__(clock, brand or pti(), by_name=by_name, access_level=LEVEL, **targets, **extra)
        self.levels = {name: self.add_group(name, "pti_access_level") for name in (LEVEL, OTHER_LEVEL, "A-101")}
