"""One process owns a database file or a state folder.

A second writer of a file would meet SQLite's bugs, and its leases would be void.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from bridge.domain.errors import ConfigurationError


class ProcessLock:
    """Held from `take` to `release`, and let go by the system when the process ends in whatever way."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, owned: Path, *, key: str = "store.url") -> Self:
        """Take the lock beside `owned`. Raises `ConfigurationError` naming `key` and the process that has it."""
        path = owned.with_name(owned.name + ".lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigurationError(
                key, f"another gatebridge process (pid {owner}) owns {owned}; stop it, or ask it instead"
            ) from error
        except OSError:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Let go; the file stays, or another process could hold a lock on a name that is gone."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
