"""Whoever set the bridge up hears of a certificate before it ends, once a day, and of nobody else's."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.domain.errors import BridgeError, Rejected, Unreachable
from bridge.ports.findings import Verdict
from bridge.service.alerts import Alerts
from bridge.service.certificate import CERTIFICATE_EXPIRES, CERTIFICATE_REFUSED, CertificateWatch, look_at
from bridge.telemetry import Metrics
from bridge.testing.memory_store import MemoryStore
from tests.service.house import MovableClock

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
URL = "https://bridge.example.com"


class Front:
    """A certificate as it is seen by a handshake, and who was asked for it."""

    def __init__(self, ends: datetime | None = None, error: BridgeError | None = None) -> None:
        self.ends = ends or NOW + timedelta(days=90)
        self.error = error
        self.asked: list[tuple[str, int]] = []

    async def ask(self, host: str, port: int) -> datetime:
        self.asked.append((host, port))
        if self.error is not None:
            raise self.error
        return self.ends


def watching(front: Front, store: MemoryStore, clock: MovableClock) -> CertificateWatch:
    alerts = Alerts(Metrics())
    return CertificateWatch(public_url=URL, bookmarks=store, alerts=alerts, clock=clock, ask=front.ask)


@pytest.mark.parametrize(
    ("ends", "verdict", "alert"),
    [
        (NOW + timedelta(days=14), Verdict.OK, ""),
        (NOW + timedelta(days=14) - timedelta(seconds=1), Verdict.WARNING, CERTIFICATE_EXPIRES),
        (NOW + timedelta(hours=1), Verdict.WARNING, CERTIFICATE_EXPIRES),
        (NOW - timedelta(days=3), Verdict.WARNING, CERTIFICATE_EXPIRES),
    ],
)
async def test_fourteen_days_before_the_end_it_is_told(ends: datetime, verdict: Verdict, alert: str) -> None:
    looked = await look_at(URL, now=NOW, ask=Front(ends).ask)
    assert looked is not None
    assert (looked.finding.verdict, looked.alert) == (verdict, alert)
    assert bool(looked.finding.advice) is bool(alert)


async def test_the_day_of_the_end_is_named() -> None:
    looked = await look_at(URL, now=NOW, ask=Front(NOW + timedelta(days=3, hours=2)).ask)
    assert looked is not None
    assert looked.finding.text == "the certificate of bridge.example.com:443 ends on 2026-03-07, in 3 days"


async def test_a_refused_one_is_told_with_its_reason() -> None:
    looked = await look_at(URL, now=NOW, ask=Front(error=Rejected("certificate has expired")).ask)
    assert looked is not None
    assert (looked.finding.verdict, looked.alert) == (Verdict.FAILED, CERTIFICATE_REFUSED)
    assert looked.finding.text == "the certificate of bridge.example.com:443 is refused: certificate has expired"


async def test_one_that_was_not_seen_is_no_alert() -> None:
    looked = await look_at(URL, now=NOW, ask=Front(error=Unreachable("no connection")).ask)
    assert looked is not None
    assert (looked.finding.verdict, looked.alert) == (Verdict.WARNING, "")


@pytest.mark.parametrize("url", [None, "", "http://bridge.example.com", "bridge.example.com", "https://", "ftp://host"])
async def test_without_https_nobody_is_asked(url: str | None) -> None:
    front = Front()
    assert await look_at(url, now=NOW, ask=front.ask) is None
    assert front.asked == []


@pytest.mark.parametrize("url", ["https://[::1", "https://host:port", "https://host:99999"])
async def test_what_is_no_url_is_said_and_nobody_asked(url: str) -> None:
    front = Front()
    looked = await look_at(url, now=NOW, ask=front.ask)
    assert looked is not None
    assert (looked.finding.verdict, front.asked) == (Verdict.FAILED, [])


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://Bridge.example.com/hooks", ("bridge.example.com", 443)),
        ("https://bridge.example.com:8443", ("bridge.example.com", 8443)),
        ("https://[::1]:8443", ("::1", 8443)),
    ],
)
async def test_only_the_configured_host_and_port_are_asked_once(url: str, address: tuple[str, int]) -> None:
    front = Front()
    await look_at(url, now=NOW, ask=front.ask)
    assert front.asked == [address]


async def test_an_alert_a_day_whatever_restarts_and_however_often_one_looks() -> None:
    clock, front = MovableClock(), Front(NOW + timedelta(days=5))
    store = MemoryStore(clock)
    for _ in range(9):  # two days and two hours
        await watching(front, store, clock).look()
        await watching(front, store, clock).look()
        clock.advance(hours=6)
    assert [entry.what for entry in store.ledger] == [CERTIFICATE_EXPIRES] * 3
    assert store.ledger[0].details["why"].endswith("ends on 2026-03-09, in 5 days")


async def test_what_follows_on_the_same_day_is_told_too() -> None:
    clock, front = MovableClock(), Front(NOW + timedelta(hours=1))
    store = MemoryStore(clock)
    watch = watching(front, store, clock)
    await watch.look()
    front.error = Rejected("certificate has expired")
    await watch.look()
    assert [entry.what for entry in store.ledger] == [CERTIFICATE_EXPIRES, CERTIFICATE_REFUSED]


async def test_a_good_one_is_no_alert() -> None:
    clock, store = MovableClock(), MemoryStore(MovableClock())
    await watching(Front(), store, clock).look()
    assert store.ledger == []


async def test_an_alert_that_could_not_be_kept_is_told_at_the_next_look() -> None:
    clock, front = MovableClock(), Front(NOW + timedelta(days=5))
    store = MemoryStore(clock)
    watch = watching(front, store, clock)
    store.failing = "the disk is full"
    await watch.look()
    store.failing = None
    await watch.look()
    assert [entry.what for entry in store.ledger] == [CERTIFICATE_EXPIRES]
