"""What `gatebridge adapters certify simulator` runs, as part of the tests: two kinds always, the others under soak."""

import pytest

from adapters.simulator import suite
from adapters.simulator.suite import (  # noqa: F401 - pytest collects them
    OverAGate,
    TestGivenShownByTarget,
    TestMadeMaskedByPerson,
)
from tests.adapters.simulator.rig import KINDS


def _soaked(kind: type[OverAGate]) -> type[OverAGate]:
    return type(kind.__name__, (kind,), {"pytestmark": [*kind.pytestmark, pytest.mark.soak]})


TestGivenShownByPerson = _soaked(suite.TestGivenShownByPerson)
TestGivenMaskedByTarget = _soaked(suite.TestGivenMaskedByTarget)
TestGivenMaskedByPerson = _soaked(suite.TestGivenMaskedByPerson)
TestMadeShownByTarget = _soaked(suite.TestMadeShownByTarget)
TestMadeShownByPerson = _soaked(suite.TestMadeShownByPerson)
TestMadeMaskedByTarget = _soaked(suite.TestMadeMaskedByTarget)


def test_no_kind_is_left_out() -> None:
    assert [kind for kind in KINDS if kind not in [one.kind for one in OverAGate.__subclasses__()]] == []
