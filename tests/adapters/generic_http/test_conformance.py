"""The adapter made by configuration keeps what every adapter must keep, with each worked example and its variants."""

from adapters.generic_http.suite import (  # noqa: F401 - pytest collects them
    TestPeople,
    TestPeopleBlocked,
    TestPeopleMadeAndLookedUp,
    TestPeopleMadeMaskedAndBlocked,
    TestPeopleMaskedAndCodeAfterwards,
    TestUnits,
    TestUnitsMaskedByUnit,
)
