"""The conformance kit over the simulated workspace."""

from adapters.seam.suite import (  # noqa: F401 - pytest collects them
    TestSeamCodes,
    TestSeamCodesThatAreBelieved,
    TestSeamCodesThatAreDeleted,
)
