"""What the tests on PostgreSQL take for granted of the server that they run."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import errors

from tests.postgres.cluster import Cluster, NotStarted
from tests.postgres.disk import MountRefused, small_disk
from tests.postgres.family import is_gone
from tests.postgres.programs import PostgresMissing, find_programs

ROOT = Path(__file__).resolve().parents[2]
DIES = """
import os, signal
from tests.postgres.cluster import Cluster

with Cluster() as cluster:
    print(cluster.folder, cluster.port, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def lasting(postgres_cluster: Cluster) -> Iterator[Cluster]:
    """One that these tests may stop; asked for after the session's own, which says why there is none."""
    del postgres_cluster
    with Cluster(max_connections=25, settings={"work_mem": "3MB"}) as one:
        yield one


@pytest.fixture
def cluster(lasting: Cluster) -> Cluster:
    """It runs, and has an empty database `kept` with one committed row in it."""
    lasting.start()
    lasting.empty_database("kept")
    lasting.execute("CREATE TABLE note (text text)", database="kept")
    lasting.execute("INSERT INTO note VALUES (%s)", ["committed"], database="kept")
    return lasting


def notes(cluster: Cluster) -> list[str]:
    return [text for (text,) in cluster.execute("SELECT text FROM note", database="kept")]


def settings(cluster: Cluster, *names: str) -> list[str]:
    return [cluster.execute("SELECT current_setting(%s)", [name])[0][0] for name in names]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_writes_through_to_the_disk_and_takes_the_settings_asked_for(cluster: Cluster) -> None:
    assert settings(cluster, "fsync", "synchronous_commit", "full_page_writes", "jit") == ["on", "on", "on", "off"]
    assert settings(cluster, "max_connections", "work_mem") == ["25", "3MB"]


def test_a_restart_keeps_the_port_and_the_data(cluster: Cluster) -> None:
    url = cluster.url("kept")
    cluster.restart()
    assert cluster.url("kept") == url
    assert notes(cluster) == ["committed"]


def test_a_stopped_server_refuses_connections_until_it_is_started(cluster: Cluster) -> None:
    cluster.stop()
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        notes(cluster)
    cluster.start()
    assert notes(cluster) == ["committed"]


def test_a_server_that_runs_is_not_started_again(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("kept")) as connection:
        cluster.start()
        assert connection.execute("SELECT text FROM note").fetchall() == [("committed",)]


def test_a_stop_cuts_a_connection_in_the_middle_of_a_transaction(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("kept")) as connection:
        connection.execute("INSERT INTO note VALUES ('never committed')")
        cluster.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    cluster.start()
    assert notes(cluster) == ["committed"]


@pytest.mark.parametrize("way", ["immediate", "killed"])
def test_what_was_committed_outlives_an_end_without_warning(cluster: Cluster, way: str) -> None:
    with psycopg.connect(cluster.url("kept")) as connection:
        connection.execute("INSERT INTO note VALUES ('never committed')")
        before = len(cluster.log)
        if way == "immediate":
            cluster.stop(immediate=True)
        else:
            cluster.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    cluster.start()
    assert notes(cluster) == ["committed"]
    assert "automatic recovery in progress" in cluster.log[before:]


def test_a_kill_leaves_no_process_behind_not_even_a_busy_one(cluster: Cluster) -> None:
    with contextlib.closing(psycopg.connect(cluster.url("kept"), autocommit=True)) as busy:
        # It would not notice for itself that the server is gone.
        busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        while (busy.info.backend_pid, "active") not in cluster.execute("SELECT pid, state FROM pg_stat_activity"):
            time.sleep(0.01)
        processes = [pid for (pid,) in cluster.execute("SELECT pid FROM pg_stat_activity")]
        cluster.kill()
        assert all(map(is_gone, processes))


def test_terminated_backends_are_those_of_one_database(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("kept")) as cut, psycopg.connect(cluster.url()) as spared:
        assert cluster.terminate_backends("kept") == 1
        with pytest.raises(errors.AdminShutdown):
            cut.execute("SELECT 1")
        assert spared.execute("SELECT 1").fetchall() == [(1,)]


def test_an_emptied_database_has_nothing_of_what_was_in_it(cluster: Cluster) -> None:
    cluster.execute("CREATE SCHEMA other", database="kept")
    cluster.execute("CREATE TABLE other.note (text text)", database="kept")
    cluster.execute("ALTER DATABASE kept SET statement_timeout = '7s'")
    with psycopg.connect(cluster.url("kept")) as left_open:
        left_open.execute("SELECT pg_advisory_lock(1)")
        left_open.execute("LOCK TABLE note IN ACCESS EXCLUSIVE MODE")
        cluster.execute("ALTER DATABASE kept ALLOW_CONNECTIONS false")
        cluster.empty_database("kept")
        with pytest.raises(errors.AdminShutdown):
            left_open.execute("SELECT 1")
    assert cluster.execute("SELECT relname FROM pg_class WHERE oid >= 16384", database="kept") == []
    assert cluster.execute("SELECT nspname FROM pg_namespace WHERE oid >= 16384", database="kept") == [("public",)]
    assert cluster.execute("SHOW statement_timeout", database="kept") == [("0",)]
    assert cluster.execute("SELECT pid FROM pg_locks WHERE locktype = 'advisory'") == []


def test_a_dropped_database_is_gone_in_spite_of_who_uses_it(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("kept")) as user:
        cluster.drop_database("kept", force=True)
        with pytest.raises(errors.AdminShutdown):
            user.execute("SELECT 1")
    assert cluster.execute("SELECT datname FROM pg_database WHERE datname = 'kept'") == []
    cluster.drop_database("kept")


def test_two_servers_do_not_meet(cluster: Cluster, postgres_cluster: Cluster, postgres_url: str) -> None:
    assert cluster.port != postgres_cluster.port
    assert cluster.folder != postgres_cluster.folder
    database = urlsplit(postgres_url).path.strip("/")
    assert postgres_cluster.execute("SELECT relname FROM pg_class WHERE relname = 'note'", database=database) == []
    cluster.stop()
    assert postgres_cluster.execute("SELECT 1", database=database) == [(1,)]


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_has_an_empty_database(postgres_url: str, turn: int) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine (turn int)")
        connection.execute("INSERT INTO mine VALUES (%s)", [turn])
        assert connection.execute("SELECT turn FROM mine").fetchall() == [(turn,)]


def test_a_server_that_cannot_start_says_why(cluster: Cluster) -> None:
    cluster.execute("ALTER SYSTEM SET shared_buffers = '900GB'")
    cluster.stop()
    try:
        with pytest.raises(NotStarted, match="could not map anonymous shared memory"):
            cluster.start()
        assert not cluster.is_running
    finally:
        (cluster.data / "postgresql.auto.conf").write_text("", encoding="utf-8")
    cluster.start()
    assert notes(cluster) == ["committed"]


def test_it_ends_with_the_process_that_made_it_however_that_ends(postgres_cluster: Cluster) -> None:
    del postgres_cluster
    ended = subprocess.run([sys.executable, "-c", DIES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    folder, port = ended.stdout.split()
    deadline = time.monotonic() + 15
    while (is_listening(int(port)) or Path(folder).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_listening(int(port))
    assert not Path(folder).exists()


def test_a_server_on_a_full_disk_refuses_rows_until_there_is_room(postgres_cluster: Cluster) -> None:
    del postgres_cluster
    more = "INSERT INTO wide SELECT repeat('x', 900) FROM generate_series(1, 100)"
    try:
        with small_disk(96) as disk, Cluster(data=disk / "data") as full:
            full.execute("CREATE TABLE wide (text text)")
            fill(disk / "ballast")
            with pytest.raises(errors.DiskFull):
                full.execute(more)
            (disk / "ballast").unlink()
            full.execute(more)
            assert full.execute("SELECT count(*) FROM wide") == [(100,)]
    except MountRefused as refused:
        pytest.skip(f"no small disk here: {refused}")


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(65_536))


def programs_in(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def test_programs_are_those_beside_what_a_link_on_path_points_to(tmp_path: Path, postgres_cluster: Cluster) -> None:
    del postgres_cluster
    real = programs_in(tmp_path / "real", "postgres", "initdb")
    path = programs_in(tmp_path / "path")
    (path / "postgres").symlink_to(real / "postgres")
    assert find_programs(path=str(path), packaged=tmp_path).folder == real


def test_programs_are_the_newest_package_where_path_has_none_that_is_whole(
    tmp_path: Path, postgres_cluster: Cluster
) -> None:
    del postgres_cluster
    path = programs_in(tmp_path / "path", "postgres")
    for version in ("9", "15", "16"):
        programs_in(tmp_path / version / "bin", *(["postgres"] if version == "16" else ["postgres", "initdb"]))
    assert find_programs(path=str(path), packaged=tmp_path).folder == tmp_path / "15" / "bin"


def test_a_missing_postgres_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PostgresMissing):
        find_programs(path=str(tmp_path), packaged=tmp_path)
