"""What `gatebridge adapters certify pull_feed` runs, as part of the tests."""

from adapters.pull_feed.suite import TestFetchedAsCsv, TestPublishedAsJson  # noqa: F401 - pytest collects them
