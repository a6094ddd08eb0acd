"""A source that falls silent is told of once, and heard again; nobody else's quiet is taken for it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.domain.deliveries import DeliveryState, NewDelivery
from bridge.domain.errors import ConfigurationError, StoreUnavailable
from bridge.domain.ids import ConnectionName
from bridge.domain.ledger import LedgerEntry
from bridge.domain.silence import SLOT
from bridge.ports.store import Store
from bridge.service.alerts import Alerts
from bridge.service.silence import SOURCE_HEARD, SOURCE_SILENT, SilenceWatch
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.testing.memory_store import MemoryStore
from bridge.wiring import assemble
from tests.contracts.store_engines import opened
from tests.service.house import MovableClock
from tests.settings.test_budgets import configured

pytestmark = pytest.mark.anyio
LAKESIDE, HILLSIDE = ConnectionName("lakeside"), ConnectionName("hillside")
THREE = {LAKESIDE: timedelta(hours=3)}
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def watching(
    store: Store,
    clock: MovableClock,
    lengths: Mapping[ConnectionName, timedelta] = THREE,
    metrics: Metrics | None = None,
) -> SilenceWatch:
    alerts = Alerts(metrics or Metrics())
    return SilenceWatch(lengths=lengths, arrivals=store, bookmarks=store, alerts=alerts, clock=clock)


async def put(store: Store, at: datetime, connection: ConnectionName = LAKESIDE) -> None:
    await store.put(
        NewDelivery(
            connection=connection,
            event_id=at.isoformat(),
            event_type="x",
            received_at=at,
            body=b"{}",
            state=DeliveryState.IGNORED,
        )
    )


async def busy_until(store: Store, end: datetime, *, days: int = 8, connection: ConnectionName = LAKESIDE) -> None:
    """Put a delivery for each half hour, day and night."""
    for number in range(days * 48):
        await put(store, end - number * timedelta(minutes=30), connection)


async def look_for(watch: SilenceWatch, clock: MovableClock, **span: float) -> None:
    """Look each ten minutes for so long."""
    end = clock.now() + timedelta(**span)
    while clock.now() < end:
        clock.advance(minutes=10)
        await watch.look()


async def told(store: Store) -> list[LedgerEntry]:
    return [row.entry for row in reversed(await store.list_alerts(limit=100))]


async def words(store: Store) -> list[str]:
    return [entry.what for entry in await told(store)]


async def test_a_silence_is_told_once_and_then_how_long_it_was() -> None:
    clock = MovableClock()
    store, metrics = MemoryStore(clock), Metrics()
    watch = watching(store, clock, metrics=metrics)
    await busy_until(store, NOON)
    await watch.look()
    await look_for(watch, clock, hours=2, minutes=50)
    assert await told(store) == []
    with capture_logs() as said:
        await look_for(watch, clock, hours=2, minutes=10)
        await put(store, clock.now() + timedelta(minutes=3))
        await put(store, clock.now() + timedelta(minutes=8))
        await look_for(watch, clock, hours=2)
    silent, heard = await told(store)
    assert (silent.what, silent.at, silent.details["connection"]) == (
        SOURCE_SILENT,
        NOON + timedelta(hours=3),
        LAKESIDE,
    )
    assert silent.details["since"] == NOON.isoformat()
    assert silent.details["why"].startswith("no delivery was accepted for 3 h, ")
    assert (heard.what, heard.details["connection"]) == (SOURCE_HEARD, LAKESIDE)
    assert heard.details["why"] == "a delivery has come again, after 5 h 3 min of silence"
    assert [line["what"] for line in said if line["event"] == "alert.raised"] == [SOURCE_SILENT, SOURCE_HEARD]
    assert b'gatebridge_alerts_total{what="source_silent"} 1.0' in metrics.text({})


async def test_a_second_silence_is_told_again() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    watch = watching(store, clock)
    await busy_until(store, NOON)
    await watch.look()
    for _ in range(2):
        await look_for(watch, clock, hours=3)
        await put(store, clock.now())
    assert await words(store) == [SOURCE_SILENT, SOURCE_HEARD, SOURCE_SILENT]


async def test_a_silence_that_lasts_for_days_is_told_once() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    watch = watching(store, clock)
    await busy_until(store, NOON)
    await watch.look()
    await look_for(watch, clock, days=3)
    assert await words(store) == [SOURCE_SILENT]


@pytest.mark.parametrize("hours", [2, 4])
async def test_a_restart_neither_forgets_a_silence_nor_tells_it_twice(tmp_path: Path, hours: int) -> None:
    clock = MovableClock()
    async with opened("sqlite", tmp_path, clock) as store:
        await busy_until(store, NOON)
        watch = watching(store, clock)
        await watch.look()
        await look_for(watch, clock, hours=hours)
    clock.advance(minutes=15)
    async with opened("sqlite", tmp_path, clock) as store:
        watch = watching(store, clock)
        await watch.look()
        await look_for(watch, clock, hours=1)
        assert await words(store) == [SOURCE_SILENT]
        await put(store, clock.now())
        await watch.look()
        assert await words(store) == [SOURCE_SILENT, SOURCE_HEARD]


async def test_a_bridge_that_was_away_takes_that_for_no_silence() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    await busy_until(store, NOON)
    await watching(store, clock).look()
    clock.advance(hours=4)
    back = watching(store, clock)
    await back.look()
    await look_for(back, clock, hours=2, minutes=50)
    assert await told(store) == []
    await look_for(back, clock, minutes=10)
    assert await words(store) == [SOURCE_SILENT]


async def test_a_first_look_reads_what_came_before_and_then_listens_itself() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    watch = watching(store, clock)
    await busy_until(store, NOON - timedelta(hours=6))
    await watch.look()
    assert await told(store) == []
    await look_for(watch, clock, hours=3)
    assert await words(store) == [SOURCE_SILENT]


async def test_a_new_connection_is_not_silent() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    watch = watching(store, clock)
    await busy_until(store, NOON, days=6)
    await watch.look()
    await look_for(watch, clock, hours=12)
    assert await told(store) == []


async def test_another_connections_deliveries_are_no_sign_of_life() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    watch = watching(store, clock, {**THREE, HILLSIDE: timedelta(hours=3)})
    await busy_until(store, NOON)
    await busy_until(store, NOON + timedelta(hours=5), connection=HILLSIDE)
    await watch.look()
    await look_for(watch, clock, hours=4)
    assert [(entry.what, entry.details["connection"]) for entry in await told(store)] == [(SOURCE_SILENT, LAKESIDE)]


async def test_longer_hours_are_waited_for() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    watch = watching(store, clock, {LAKESIDE: timedelta(hours=6)})
    await busy_until(store, NOON)
    await watch.look()
    await look_for(watch, clock, hours=5, minutes=50)
    assert await told(store) == []
    await look_for(watch, clock, minutes=10)
    assert await words(store) == [SOURCE_SILENT]


class Refusing(MemoryStore):
    """A store that reads, and at times keeps no bookmark."""

    is_full = False

    async def keep_bookmark(self, name: str, value: str, entries: object = ()) -> None:
        if self.is_full:
            raise StoreUnavailable("the disk is full")
        assert isinstance(entries, list)
        await super().keep_bookmark(name, value, entries)


async def test_what_could_not_be_kept_is_not_said_and_comes_with_the_next_look() -> None:
    clock = MovableClock()
    store, metrics = Refusing(clock), Metrics()
    watch = watching(store, clock, metrics=metrics)
    await busy_until(store, NOON)
    await watch.look()
    await look_for(watch, clock, hours=2, minutes=50)
    store.is_full = True
    with capture_logs() as said:
        await look_for(watch, clock, minutes=10)
    assert [line["event"] for line in said] == ["silence.not_looked"]
    assert b"source_silent" not in metrics.text({})
    store.is_full = False
    await look_for(watch, clock, minutes=10)
    assert await words(store) == [SOURCE_SILENT]


async def test_a_note_that_cannot_be_read_is_made_anew_and_the_others_are_looked_at() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    watch = watching(store, clock, {HILLSIDE: timedelta(hours=3), **THREE})
    await busy_until(store, NOON)
    await store.keep_bookmark("pulse:hillside", "[1]")
    with capture_logs() as said:
        await watch.look()
        await look_for(watch, clock, hours=3)
    assert [line["event"] for line in said if line["log_level"] == "warning"] == ["bookmark.unreadable"]
    assert await words(store) == [SOURCE_SILENT]


@pytest.mark.parametrize(
    ("key", "alerts"), [("", [SOURCE_SILENT]), ("silence_hours = 0", []), ("silence_hours = 24", [])]
)
async def test_the_configuration_says_for_how_long(tmp_path: Path, key: str, alerts: list[str]) -> None:
    clock = MovableClock()
    async with assemble(load(configured(tmp_path, of_connection=key)), clock) as parts:
        await busy_until(parts.store, NOON)
        await parts.silence.look()
        await look_for(parts.silence, clock, hours=3)
        assert await words(parts.store) == alerts


async def test_ten_minutes_are_between_two_looks_and_thirty_are_an_absence() -> None:
    clock = MovableClock()
    store = MemoryStore(clock)
    await busy_until(store, NOON)
    watch = watching(store, clock)
    await watch.look()
    while clock.now() < NOON + timedelta(hours=3):
        clock.advance(seconds=3 * SLOT.total_seconds())
        await watch.look()
    assert await words(store) == [SOURCE_SILENT]


@pytest.mark.parametrize("hours", ["0.5", "25", "-3", "nan", "'three'"])
def test_other_hours_are_refused_by_name(tmp_path: Path, hours: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^connections\.lakeside\.silence_hours: "):
        load(configured(tmp_path, of_connection=f"silence_hours = {hours}"))
