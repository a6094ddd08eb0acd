"""What `gatebridge adapters certify simulator` runs, as part of the tests."""

from adapters.simulator.suite import (  # noqa: F401 - pytest collects them
    OverAGate,
    TestGivenMaskedByPerson,
    TestGivenMaskedByTarget,
    TestGivenShownByPerson,
    TestGivenShownByTarget,
    TestMadeMaskedByPerson,
    TestMadeMaskedByTarget,
    TestMadeShownByPerson,
    TestMadeShownByTarget,
)
from tests.adapters.simulator.rig import KINDS


def test_no_kind_is_left_out() -> None:
    assert [kind for kind in KINDS if kind not in [one.kind for one in OverAGate.__subclasses__()]] == []
