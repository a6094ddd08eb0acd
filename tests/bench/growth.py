"""What a million stored deliveries cost beside a thousand: filled by SQL, asked through the store."""

import sqlite3
import statistics
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Final

import psycopg

from bridge.cli.running import run
from bridge.domain.credential import Secret
from bridge.domain.deliveries import DeliveryState, NewDelivery
from bridge.domain.ids import ConnectionName
from bridge.domain.outcome import Done
from bridge.ports.clock import SystemClock
from bridge.ports.store import DeliverySettlement, Store
from bridge.store import Keyring, open_store, upgrade
from tests.bench.databases import KINDS, POSTGRES, SQLITE, Databases
from tests.bench.house import KEY
from tests.bench.load import CONNECTION
from tests.bench.report import Report, Row

SMALL, LARGE = 1_000, 1_000_000
TRIES: Final = 40
AT_MOST: Final = 3.0
ENOUGH_MS: Final = 5.0
"""What is this quick may be slower than beside a thousand rows."""
_SERIES: Final = {
    SQLITE: "(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {count}) SELECT i FROM s) AS n",
    POSTGRES: "generate_series(1::bigint, {count}) AS n(i)",
}
_BODY: Final = {SQLITE: "zeroblob(300)", POSTGRES: "decode(repeat('00', 300), 'hex')"}
_WAITS: Final = f"i <= {SMALL} AND i % 10 = 0"
"""As many wait beside a million as beside a thousand: counting them takes time by their number, whatever is stored."""
_FILL: Final = (
    "INSERT INTO delivery (connection, event_id, event_type, received_at, body, state, due_at) "
    "SELECT '{connection}', 'old-' || i, 'unitRental.markOverdue', {now} - i * 1000000, {body}, "
    "CASE WHEN {waits} THEN 'new' WHEN i % 500 = 1 THEN 'dead' WHEN i % 50 = 2 THEN 'ignored' ELSE 'done' END, "
    "CASE WHEN {waits} THEN {now} - i * 1000000 END FROM {series}"
)


def measure(databases: Databases, *, quick: bool) -> Report:
    rows: list[Row] = []
    targets: list[tuple[str, float, str, float]] = []
    large = LARGE // 10 if quick else LARGE
    for kind in KINDS:
        found = {count: _filled(databases, kind, count) for count in (SMALL, large)}
        for what, small in found[SMALL].items():
            ratio = found[large][what] / small
            figures = {f"{SMALL:,} ms": small, f"{large:,} ms": found[large][what], "ratio": ratio}
            rows.append(Row(label=f"{kind}, {what}", figures=figures))
        slower = [n for n, row in found[large].items() if row > max(AT_MOST * found[SMALL][n], ENOUGH_MS)]
        targets.append((f"{kind}, slower than {AT_MOST:.0f} times and {ENOUGH_MS:.0f} ms", len(slower), "<=", 0))
    return Report(name="growth", title="A question's time by stored deliveries, medians", rows=rows, targets=targets)


def _filled(databases: Databases, kind: str, count: int) -> Mapping[str, float]:
    url = databases.empty(kind)
    upgrade(url)
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    series = _SERIES[kind].format(count=count)
    fill = _FILL.format(connection=CONNECTION, now=now, waits=_WAITS, body=_BODY[kind], series=series)
    if kind == POSTGRES:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(fill.encode())
            connection.execute("VACUUM ANALYZE delivery")
    else:
        database = sqlite3.connect(url.removeprefix("sqlite:///"))
        database.execute(fill)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
    return run(_ask(url))


async def _ask(url: str) -> dict[str, float]:
    store = await open_store(url, key=Keyring(Secret(KEY)), clock=SystemClock())
    numbers = iter(range(10**9))

    async def put() -> None:
        await store.put(_delivery(next(numbers)))

    async def claim_and_settle() -> None:
        (claim,) = await store.claim_deliveries(1)
        await store.settle_delivery(claim, DeliverySettlement(outcome=Done()))

    try:
        questions: Mapping[str, Callable[[], Awaitable[object]]] = {
            "put": put,
            "claim one and settle it": claim_and_settle,
            "list the newest 50": lambda: _list(store, None),
            "list the dead": lambda: _list(store, DeliveryState.DEAD),
            "list what is done": lambda: _list(store, DeliveryState.DONE),
            "view the queue": lambda: store.view_queue(site=None, limit=20),
            "counts": store.counts,
        }
        return {what: await _median(ask) for what, ask in questions.items()}
    finally:
        await store.close()


async def _list(store: Store, state: DeliveryState | None) -> None:
    await store.list_deliveries(state=state, connection=None, limit=50, before=None)


async def _median(ask: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(TRIES):
        began = perf_counter()
        await ask()
        times.append((perf_counter() - began) * 1000)
    return statistics.median(times)


def _delivery(number: int) -> NewDelivery:
    return NewDelivery(
        connection=ConnectionName(CONNECTION),
        event_id=f"new-{number}",
        event_type="unitRental.markOverdue",
        received_at=datetime.now(UTC),
        body=b"x" * 300,
    )
