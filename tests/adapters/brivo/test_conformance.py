"""The adapter keeps what every adapter must keep, over Brivo as its documents have it."""

from adapters.brivo.suite import TestBrivoById, TestBrivoByName  # noqa: F401 - pytest collects them
