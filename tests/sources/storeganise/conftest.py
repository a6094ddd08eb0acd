"""The platform's side of the wire, fresh for each test."""

import pytest

from tests.sources.storeganise.platform_wire import PlatformWire


@pytest.fixture
def wire() -> PlatformWire:
    return PlatformWire()
