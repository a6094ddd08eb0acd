"""A bridge's mark, in a file beside what it marks: a backup of the database does not take it along."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bridge.domain.errors import StoreUnavailable
from bridge.domain.trust import Mark

_MACHINE_ID: Final = Path("/etc/machine-id")
MAX_BYTES: Final = 4096


def this_machine() -> str | None:
    """Return a name for this host that tells nothing else of it, or None where the system has none for it."""
    try:
        own = _MACHINE_ID.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return hashlib.sha256(f"gatebridge {own}".encode()).hexdigest()[:32] if own else None


class MarkFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mark | None:
        """Return the mark, or None without a whole one. Raises `StoreUnavailable`."""
        try:
            with self._path.open("rb") as file:
                told = json.loads(file.read(MAX_BYTES))
            return Mark(
                database=str(told["database"]),
                entry=int(told["entry"]),
                chain=str(told["chain"]),
                machine=None if told["machine"] is None else str(told["machine"]),
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return None
        except OSError as error:
            raise StoreUnavailable(f"the mark {self._path} cannot be read: {error.strerror}") from error

    def keep(self, mark: Mark) -> None:
        """Write it whole under another name first. Raises `StoreUnavailable`."""
        draft = self._path.with_name(f".{self._path.name}.new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - a mode from birth
                file.write(json.dumps(asdict(mark)).encode())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError as error:
            raise StoreUnavailable(f"the mark {self._path} cannot be kept: {error.strerror}") from error
