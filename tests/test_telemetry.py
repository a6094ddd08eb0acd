"""A log that cannot be written disturbs nothing, and nothing in it does anything."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from bridge.telemetry import configure_logging, get_logger


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        del text
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers[:], logging.getLogger().level = handlers, level


def test_a_full_disk_does_not_fail_what_is_logged() -> None:  # C04
    configure_logging(level="info", as_json=True, stream=FullDisk())
    get_logger().info("sweep.marked", subjects=1)
    logging.getLogger("somebody").error("else")


def test_a_line_is_one_line_and_a_traceback_shows_no_value() -> None:
    out = io.StringIO()
    configure_logging(level="info", as_json=True, stream=out)
    try:
        int("code 482913")
    except ValueError:
        get_logger().exception("subject.defect", name="a\x1b[31m\nb")
    assert out.getvalue().count("\n") == 1
    assert "482913" not in out.getvalue()
    assert '"error_type": "ValueError"' in out.getvalue()
    assert "\\u001b" not in out.getvalue()
