"""A disk that is soon full."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.postgres.programs import find_programs


class MountRefused(Exception):
    """This machine lets nobody here mount a disk."""


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Mount an empty one of this size for a cluster's data or a tablespace; raise `MountRefused`.

    It lies in the system's temporary folder: pytest's own are closed to the user that PostgreSQL runs as. What writes
    on it must have stopped before the block ends.
    """
    programs = find_programs()
    with tempfile.TemporaryDirectory(prefix="gatebridge-disk-") as name:
        folder = Path(name)
        _mount(folder, megabytes)
        try:
            programs.hand_over(folder)
            folder.chmod(0o700)
            yield folder
        finally:
            subprocess.run(["umount", name], check=True)


def _mount(folder: Path, megabytes: int) -> None:
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "gatebridge-disk", str(folder)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError as missing:
        raise MountRefused(str(missing)) from missing
    if mounted.returncode != 0:
        raise MountRefused(mounted.stderr.strip())
