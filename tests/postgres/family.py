"""A server's process and its children, as Linux tells of them."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Final

from tests.postgres.waiting import WAIT_SECONDS, until

PROC: Final = Path("/proc")


def kill_family(parent: subprocess.Popen[bytes]) -> None:
    """End a process and all its children at once, and wait until they are gone."""
    # It must not fork while its children are counted.
    parent.send_signal(signal.SIGSTOP)
    until(lambda: _standing(parent.pid)[0] in "TtZX")
    children = [pid for pid in _pids() if _standing(pid)[1] == parent.pid]
    for pid in (parent.pid, *children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    parent.wait(timeout=WAIT_SECONDS)
    until(lambda: all(map(is_gone, children)))


def is_gone(pid: int) -> bool:
    """Tell whether it does nothing any more; nobody may have waited for it yet."""
    return _standing(pid)[0] in "ZX"


def _pids() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()]


def _standing(pid: int) -> tuple[str, int]:
    """Return its state and its parent; one that ended is dead, and nobody's child."""
    try:
        line = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    # The name comes second, in parentheses, and may hold anything.
    state, parent = line.rpartition(")")[2].split()[:2]
    return state, int(parent)
