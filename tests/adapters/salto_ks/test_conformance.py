"""What `gatebridge adapters certify salto_ks` runs, as part of the tests: the odd site under soak only."""

from typing import ClassVar

import pytest

from adapters.salto_ks import suite
from adapters.salto_ks.suite import TestSaltoKs  # noqa: F401 - pytest collects it


class TestSaltoKsLate(suite.TestSaltoKsLate):
    pytestmark: ClassVar = [*suite.TestSaltoKsLate.pytestmark, pytest.mark.soak]
