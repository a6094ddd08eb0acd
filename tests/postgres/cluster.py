"""A PostgreSQL of the tests' own: made in a folder, served on loopback, and gone with the tests."""

import contextlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, LiteralString, Self

import psycopg
from psycopg import sql

from tests.postgres.family import kill_family
from tests.postgres.programs import Programs, find_programs
from tests.postgres.waiting import WAIT_SECONDS, until

HOST: Final = "127.0.0.1"
# Below the ports that connections go out from: there, who dials a stopped server can be connected to themselves.
PORTS: Final = range(20_000, 32_000)
SETTINGS: Final = MappingProxyType(
    {
        "listen_addresses": HOST,
        "unix_socket_directories": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": "32MB",
        "jit": "off",
        "log_line_prefix": "%m [%p] %d ",
    }
)
# Ends with the server or, when the tests' end of the pipe closes however they end, ends the server and its folder.
GUARD: Final = """
read -r _
kill -QUIT "$1"
for _ in $(seq 200); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
rm -rf -- "$2"
"""
TERMINATE: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = %s AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
EMPTY: Final = r"""
DO $$
DECLARE schema text;
BEGIN
    FOR schema IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', schema);
    END LOOP;
    CREATE SCHEMA public;
END $$
"""


class NotStarted(Exception):
    """The server ended, or took no connections, before it was ready; its last words are the message."""


class Cluster:
    """A server with an empty data directory, that keeps its port and its data over `stop`, `kill` and `start`.

    It writes through to the disk as one in service does. `data` puts the data directory elsewhere, and `settings` are
    lines of `postgresql.conf` that come after those above. Raises `PostgresMissing`. Leaving the block removes it all.
    """

    def __init__(
        self, *, max_connections: int = 60, data: Path | None = None, settings: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.programs: Final[Programs] = find_programs()
        self.folder: Final = Path(tempfile.mkdtemp(prefix="gatebridge-postgres-"))
        self.data: Final = data or self.folder / "data"
        self.port = 0
        self._settings = {**SETTINGS, "max_connections": str(max_connections), **settings}
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.programs.hand_over(self.folder)
            self._make()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it takes connections; one that runs is left alone. Raises `NotStarted`."""
        if self.is_running:
            return
        self._forget()
        if self.port:
            self._run(self.port)
            return
        for attempt in range(1, 6):
            port = _free_port()
            try:
                self._run(port)
            except NotStarted as error:
                # Another took the port since it was seen to be free.
                if attempt == 5 or "Address already in use" not in str(error):
                    raise
            else:
                self.port = port
                return

    def stop(self, *, immediate: bool = False) -> None:
        """Stop it as an operator does: its connections are cut and, unless `immediate`, a checkpoint is written."""
        if self._server is not None and self.is_running:
            self._server.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
            self._server.wait(timeout=WAIT_SECONDS)
        self._forget()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """End every process of it where it stands, as a power cut does."""
        if self._server is not None and self.is_running:
            kill_family(self._server)
        self._forget()

    def close(self) -> None:
        """End it and remove its data."""
        self.stop(immediate=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)

    def execute(
        self, statement: str, parameters: Sequence[object] = (), *, database: str = "postgres"
    ) -> list[tuple[Any, ...]]:
        """Run one statement in a connection and a transaction of its own, and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str) -> None:
        """Make an empty one."""
        self._alter("CREATE DATABASE {} TEMPLATE template0", name)

    def drop_database(self, name: str, *, force: bool = False) -> None:
        """Drop it if there is one; `force` cuts the connections to it first, else one of them makes it raise."""
        self._alter("DROP DATABASE IF EXISTS {} WITH (FORCE)" if force else "DROP DATABASE IF EXISTS {}", name)

    def empty_database(self, name: str) -> None:
        """Make it or, in a tenth of that time, cut all connections to it and take out all that is in it."""
        if not self.execute("SELECT oid FROM pg_database WHERE datname = %s", [name]):
            self.create_database(name)
            return
        self._alter("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true CONNECTION LIMIT -1", name)
        self._alter("ALTER DATABASE {} RESET ALL", name)
        until(lambda: self.terminate_backends(name) == 0)
        self.execute(EMPTY, database=name)

    def terminate_backends(self, database: str) -> int:
        """Cut all connections to a database but the asking one, as a failover does, and return how many there were."""
        return len(self.execute(TERMINATE, [database]))

    def _alter(self, statement: LiteralString, database: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(database)))

    def _make(self) -> None:
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        command = self.programs.command("initdb", f"--pgdata={self.data}", *options)
        made = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=self.folder, **self.programs.as_account
        )
        if made.returncode != 0:
            raise NotStarted(made.stderr.strip())
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{key} = '{value}'\n" for key, value in self._settings.items())

    def _run(self, port: int) -> None:
        began = len(self.log) if (self.folder / "log").exists() else 0
        # A session of its own: a person's Ctrl-C is for the tests, which then end the server in their own order.
        manner = {"cwd": self.folder, "start_new_session": True, **self.programs.as_account}
        with (self.folder / "log").open("ab") as log:
            self._server = server = subprocess.Popen(
                self.programs.command("postgres", "-D", str(self.data), "-p", str(port)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **manner,
            )
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, "guard", str(server.pid), str(self.folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                **manner,
            )
        with contextlib.suppress(TimeoutError):
            until(lambda: server.poll() is not None or self._is_ready(server.pid))
        if not self._is_ready(server.pid):
            self.kill()
            raise NotStarted(self.log[began:].strip())

    def _is_ready(self, pid: int) -> bool:
        """Ask as pg_ctl does: a connection could be refused to us for want of room while others are served."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def _forget(self) -> None:
        """Let go of a server that has ended, and of its guard before the pipe closes."""
        self._server = None
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None


def _free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
