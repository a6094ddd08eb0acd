"""That this process is alive, for the others to see; and that another one is not.

A lock of a session lives as long as the process that opened it, and the server lets it go the moment that process dies.
So a peer's work is taken over within two seconds, long before its leases run out. Whoever only lost the connection has
`GRACE_SECONDS` to come back.
"""

import contextlib
import math
import os
import select
from collections.abc import Callable, Collection
from threading import Event, Thread
from time import monotonic
from typing import Any, Final

import psycopg
import structlog

from bridge.domain.errors import BridgeError, ConfigurationError
from bridge.store.postgres import faults

CHANNEL: Final = "gatebridge_work"
LOOK_SECONDS: Final = 0.4
GRACE_SECONDS: Final = 1.0
UNSEEN_SECONDS: Final = 8.0
"""So long the server believes in a session that it hears nothing of, at the least: see its keepalives."""
RING_SECONDS: Final = 0.05
AGAIN_SECONDS: Final = 0.2

# The first half of a lock's name is the table whose leases it stands for: another schema has owners of its own.
_LIVING: Final = (
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND classid = 'subject'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_HOLD: Final = "SELECT pg_try_advisory_lock('subject'::regclass::oid::int, %s::int)"
_HOLDING: Final = (
    "SELECT lease_owner FROM subject WHERE state = 'running' AND lease_owner IS NOT NULL "
    "UNION SELECT lease_owner FROM delivery WHERE state = 'running' AND lease_owner IS NOT NULL"
)


class Presence:
    """One thread with one connection.

    `take_back` is called in it with the numbers of those who are dead, or have left, and returns how much they had.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection[Any]],
        *,
        take_back: Callable[[Collection[int]], int],
        on_heard: Callable[[], None],
    ) -> None:
        """Take a number and be present. Raises `psycopg.Error` when the server cannot be reached."""
        self._connect = connect
        self._take_back = take_back
        self._on_heard = on_heard
        self._missed: dict[int, float] = {}
        self._known: set[int] = set()
        self._has_company = True
        self._rings = False
        self._closing = Event()
        self._wake_in, self._wake_out = os.pipe()
        self._log = structlog.get_logger()
        self.owner = 0
        self._gone_since: float | None = None
        self._seen = monotonic()
        self.certain_since = -math.inf
        try:
            connection = self._come()
        except BaseException:
            self._close_pipe()
            raise
        self._thread = Thread(target=self._run, args=(connection,), name="store-presence", daemon=True)
        self._thread.start()

    @property
    def is_certain(self) -> bool:
        """Tell whether the others still take this process for a living one."""
        gone, now = self._gone_since, monotonic()
        return now - self._seen < UNSEEN_SECONDS and (gone is None or now - gone < GRACE_SECONDS / 2)

    def ring(self) -> None:
        """Tell the others soon that there is work. Any number of rings is one; called from any thread."""
        if not self._rings:
            self._rings = True
            self._wake()

    def close(self) -> None:
        """Leave: what is still leased is taken over by the others. Blocks for a moment."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._wake()
        self._thread.join()
        self._close_pipe()

    def _close_pipe(self) -> None:
        os.close(self._wake_in)
        os.close(self._wake_out)

    def _wake(self) -> None:
        os.write(self._wake_out, b"!")

    def _come(self) -> psycopg.Connection[Any]:
        connection = self._connect()
        try:
            connection.autocommit = True
            if not self.owner:
                row = connection.execute("SELECT nextval('lease_owner')").fetchone()
                self.owner = row[0] if row is not None else 0
            _hold(connection, self.owner)
            connection.add_notify_handler(lambda notify: self._hear(notify.pid, connection))
            connection.execute(f"LISTEN {CHANNEL}")
        except BaseException:
            connection.close()
            raise
        if not self.is_certain:
            self.certain_since = monotonic()
        self._seen, self._gone_since = monotonic(), None
        return connection

    def _run(self, connection: psycopg.Connection[Any] | None) -> None:
        while not self._closing.is_set():
            try:
                connection = connection or self._come()
                self._stay(connection)
            except Exception as error:  # noqa: BLE001 - without this thread, the others take over a living one's work
                if self._gone_since is None:
                    self._gone_since = monotonic()
                    with contextlib.suppress(OSError):
                        self._log.warning("store.presence_lost", why=faults.why(error))
                self._closing.wait(AGAIN_SECONDS)
            finally:
                if connection is not None:
                    connection.close()
                    connection = None

    def _stay(self, connection: psycopg.Connection[Any]) -> None:
        """Listen, ring and look until told to leave. Raises `psycopg.Error` when the session is over."""
        self._missed.clear()
        looked = rang = 0.0
        while not self._closing.is_set():
            now = monotonic()
            next_ring = rang + RING_SECONDS if self._rings else now + LOOK_SECONDS
            wait = max(0.0, min(looked + LOOK_SECONDS, next_ring) - now)
            readable, _, _ = select.select([connection.fileno(), self._wake_in], [], [], wait)
            if self._wake_in in readable:
                os.read(self._wake_in, 64)
            if connection.fileno() in readable:
                connection.pgconn.consume_input()
                while notify := connection.pgconn.notifies():
                    self._hear(notify.be_pid, connection)
            now = monotonic()
            try:
                if self._rings and now >= rang + RING_SECONDS:
                    self._rings, rang = False, now
                    if self._has_company:
                        connection.execute(f"NOTIFY {CHANNEL}")
                if now >= looked + LOOK_SECONDS:
                    looked = now
                    self._look(connection)
            except psycopg.Error:
                # A statement that was refused, for a lock or want of room, ends nobody's presence.
                if connection.closed:
                    raise
            self._seen = monotonic()

    def _hear(self, pid: int, connection: psycopg.Connection[Any]) -> None:
        if pid != connection.info.backend_pid:
            self._on_heard()

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        """Find those who hold leases and are not there; whoever is missed for the whole grace is dead."""
        living = {number for (number,) in connection.execute(_LIVING)}
        holding = {number for (number,) in connection.execute(_HOLDING)}
        self._has_company = bool(living - {self.owner})
        self._known |= living
        now, absent = monotonic(), (holding | self._known) - living - {self.owner}
        self._missed = {number: self._missed.get(number, now) for number in absent}
        dead = sorted(number for number, since in self._missed.items() if now - since >= GRACE_SECONDS)
        if dead:
            try:
                taken_over = self._take_back(dead)
            except BridgeError as error:
                self._missed |= dict.fromkeys(dead, now)
                self._log.warning("store.not_taken_over", processes=dead, why=str(error))
                return
            self._known -= {*dead}
            if taken_over:
                self._log.warning("store.peer_lost", processes=dead, taken_over=taken_over)
                self._on_heard()


def _hold(connection: psycopg.Connection[Any], owner: int) -> None:
    held = connection.execute(_HOLD, (owner,)).fetchone()
    if held != (True,):
        raise psycopg.OperationalError("the server has not seen yet that the session before is over")


def refuse_pooler(connection: psycopg.Connection[Any]) -> None:
    """Raise `ConfigurationError` unless sessions are whole: a pooler between would let the lock go at any moment."""
    rows = [connection.execute("SELECT pg_backend_pid()").fetchone() for _ in range(3)]
    if len({*rows, (connection.info.backend_pid,)}) != 1:
        raise ConfigurationError("store.url", "leads through a pooler that shares sessions: name the server itself")
