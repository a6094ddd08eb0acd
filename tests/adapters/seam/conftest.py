"""Nobody waits between two reads."""

import pytest


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.outbound.calls.READ_RETRY_SECONDS", 0.0)
