"""The PTI adapter keeps what every adapter must keep."""

from adapters.pti.suite import TestPtiByIdAndLate, TestPtiByName  # noqa: F401 - pytest collects them
