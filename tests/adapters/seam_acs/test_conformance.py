"""The adapter of access systems behind Seam keeps what every adapter must keep."""

from adapters.seam_acs.suite import (  # noqa: F401 - pytest collects them
    TestGivenHiddenByName,
    TestGivenShown,
    TestMadeHidden,
    TestMadeLateOneAtATime,
    TestMadeShown,
)
