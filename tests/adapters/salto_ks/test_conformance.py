"""What `gatebridge adapters certify salto_ks` runs, as part of the tests."""

from adapters.salto_ks.suite import TestSaltoKs, TestSaltoKsLate  # noqa: F401 - pytest collects them
