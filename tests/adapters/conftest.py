"""Each vendor's first suite runs every time, its variants under soak: they are the same checks for other options."""

from typing import Final

import pytest

from bridge.testing.conformance import AdapterConformance

EVERY_TIME: Final = frozenset(
    {
        "brivo.TestBrivoById",
        "generic_http.TestPeople",
        "generic_http.TestUnits",
        "opentech_cia.TestByNumber",
        "pti.TestPtiByName",
        "pull_feed.TestPublishedAsJson",
        "salto_ks.TestSaltoKs",
        "seam.TestSeamCodes",
        "seam_acs.TestGivenShown",
        "simulator.TestGivenShownByTarget",
        "simulator.TestMadeMaskedByPerson",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        suite = getattr(item, "cls", None)
        if isinstance(suite, type) and issubclass(suite, AdapterConformance) and name_of(suite) not in EVERY_TIME:
            item.add_marker(pytest.mark.soak)


def name_of(suite: type[AdapterConformance]) -> str:
    return f"{suite.spec.key}.{suite.__name__}"
