# ruff: noqa: E402 - the checks are imported after their assertions were registered for rewriting
"""What every adapter must keep, as checks that an author subclasses.

::

    class TestMyAdapter(AdapterConformance):
        spec = ADAPTER

        def simulate(self, clock: SimulatedClock) -> Simulation:
            return MyVendor(clock)   # the vendor's HTTP API, with nobody in it

The adapter is opened over a wire to that simulation, driven by the bridge's own plans, and broken at every call. The
checks follow the declared capabilities. A check is left out only for an ability that is not declared, or with a reason
in `quality.toml`: `[exempt] test_name = "why"`.
"""

import pytest

PARTS = ("answers", "bench", "crashes", "history", "lifecycle", "manners", "setup", "suite", "surveys")
# A failed check shows both sides of its assertion, as in a test module: before any of them is imported.
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in PARTS))

from bridge.testing.conformance.answers import AnswerChecks
from bridge.testing.conformance.bench import Bench, Driver
from bridge.testing.conformance.crashes import CrashChecks
from bridge.testing.conformance.history import HistoryChecks
from bridge.testing.conformance.lifecycle import LifecycleChecks
from bridge.testing.conformance.manners import MannersChecks
from bridge.testing.conformance.setup import SetUpChecks
from bridge.testing.conformance.surveys import SurveyChecks
from bridge.testing.simulation import SimulatedClock, Simulation


class AdapterConformance(
    HistoryChecks, SetUpChecks, MannersChecks, AnswerChecks, SurveyChecks, CrashChecks, LifecycleChecks
):
    """Subclass as `Test...`, with `spec` and `simulate`. The checks run from the last base to the first."""


__all__ = ["AdapterConformance", "Bench", "Driver", "SimulatedClock", "Simulation"]
