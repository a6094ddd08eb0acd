"""The adapter of CIA keeps what every adapter must keep."""

from adapters.opentech_cia.suite import TestById, TestByNumber  # noqa: F401 - pytest collects them
