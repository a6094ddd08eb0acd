"""PTI's words, as Seam passes them on, and what PTI's codes are."""

from typing import Final

from adapters.pti.options import PtiOptions
from adapters.seam_acs.mapping import NO_ZERO
from adapters.seam_acs.options import MIN_CODE
from adapters.seam_acs.profile import AcsProfile
from bridge.sdk import Capabilities, CodeRules, SuspendScope

SITE: Final = "pti_site"
UNIT: Final = "pti_unit"
LEVEL: Final = "pti_access_level"


def capabilities_of(options: PtiOptions) -> Capabilities:
    """PTI keeps a code as a number from 1 to 4294967296: a zero in front would be lost."""
    return Capabilities(
        code_rules=CodeRules(min_length=MIN_CODE, max_length=options.code_length, not_at_start=NO_ZERO),
        reads_codes=options.shows_codes,
        suspends=SuspendScope.PERSON,
    )


def profile_of(options: PtiOptions) -> AcsProfile:
    return AcsProfile(
        brand="PTI",
        system_type=SITE,
        targets=options.targets,
        target_type=UNIT,
        level=options.access_level.strip(),
        level_type=LEVEL,
        shows_codes=options.shows_codes,
        contacts=options.contacts,
        confirm=options.confirm,
    )
