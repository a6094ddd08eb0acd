"""Logs and metrics: what the bridge says of itself, with nothing secret in it.

Metrics live in an object, not in the library's global registry, so that two bridges in one process do not share counts.
Labels are words from the configuration and from fixed lists; ids, names and paths never become labels.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from time import perf_counter
from typing import Final, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from bridge.domain.errors import inert
from bridge.outbound.client import CallRecord

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
_SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
_BATCH: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counts and times of every step, from the event to the open gate."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.deliveries = Counter(
            "gatebridge_deliveries", "Deliveries by what was answered", ["connection", "result"], registry=r
        )
        self.missed = Counter(
            "gatebridge_missed_webhooks", "Moves that were found without their delivery", ["connection"], registry=r
        )
        self.refusals = Counter("gatebridge_refusals", "Refused deliveries by cause", ["cause"], registry=r)
        self.ack = Histogram(
            "gatebridge_ack_seconds", "From the whole body to the durable answer", buckets=_FAST, registry=r
        )
        self.batch_size = Histogram("gatebridge_store_batch_units", "Units in one commit", buckets=_BATCH, registry=r)
        self.commit = Histogram("gatebridge_store_commit_seconds", "Time of one commit", buckets=_FAST, registry=r)
        self.step = Histogram(
            "gatebridge_step_seconds", "Time of each step of the work", ["step"], buckets=_SLOW, registry=r
        )
        self._step_called = cache(self.step.labels)
        self.settled = Counter("gatebridge_settled", "Runs by how they ended", ["queue", "outcome"], registry=r)
        self.changes = Counter(
            "gatebridge_changes", "Changes at a vendor by how they ended", ["adapter", "kind", "outcome"], registry=r
        )
        self.event_to_gate = Histogram(
            "gatebridge_event_to_gate_seconds",
            "From the oldest delivery served to the vendor's confirmed state",
            ["adapter"],
            buckets=_SLOW,
            registry=r,
        )
        self.calls = Counter("gatebridge_calls", "Calls made", ["host", "method", "status"], registry=r)
        self.call_seconds = Histogram(
            "gatebridge_call_seconds", "Time of one call", ["host"], buckets=_SLOW, registry=r
        )
        self.alerts = Counter("gatebridge_alerts", "Alerts raised", ["what"], registry=r)
        self.breakers = Gauge(
            "gatebridge_breakers", "Sites by whether their vendor is asked", ["adapter", "state"], registry=r
        )
        self.rows = Gauge("gatebridge_rows", "Rows that wait or need a person, by queue and state", ["row"], registry=r)

    @contextmanager
    def time_step(self, step: str) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        finally:
            self._step_called(step).observe(perf_counter() - began)

    def on_call(self, record: CallRecord) -> None:
        status = "none" if record.status is None else str(record.status)
        self.calls.labels(record.host, record.method, status).inc()
        self.call_seconds.labels(record.host).observe(record.seconds)

    def on_batch(self, size: int, seconds: float) -> None:
        self.batch_size.observe(size)
        self.commit.observe(seconds)

    def text(self, rows: Mapping[str, int]) -> bytes:
        """Return everything in Prometheus' text format; `rows` are the store's counts at this moment."""
        for row, count in rows.items():
            self.rows.labels(row).set(count)
        return generate_latest(self.registry)


def configure_logging(*, level: str, as_json: bool, stream: TextIO | None = None) -> None:
    """Send every log line to `stream` (stderr by default), the libraries' too. Called once, by a command."""
    target = cast("TextIO", _Unfailing(stream or sys.stderr))
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _say_errors_in_one_line,
        _make_inert,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[_drop_meta, *shared[1:], renderer]))
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


class _Unfailing:
    """A stream for logs that a full disk or a closed pipe does not turn into a failure of what is logged."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


def get_logger() -> FilteringBoundLogger:
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def _drop_meta(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, name, event)


def _say_errors_in_one_line(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Replace a traceback by the error's type and place: its message and locals may hold what nobody may see."""
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else (sys.exc_info()[1] if info else None)
    if error is not None:
        event["error_type"] = type(error).__name__
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is not None:
            event["error_at"] = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return event


def _make_inert(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Nothing from outside may start a new line or move a terminal's cursor."""
    return {key: inert(value) if isinstance(value, str) else value for key, value in event.items()}
