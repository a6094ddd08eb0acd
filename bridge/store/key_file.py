"""The key that an installation makes for itself when the configuration names none."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from bridge.domain.credential import MIN_KEY_LENGTH, Secret
from bridge.domain.errors import ConfigurationError
from bridge.store.keyring import Keyring

KEY_FILE: Final = "gatebridge.key"
_FOR_OTHERS: Final = 0o077


class KeyFile:
    """A key in `folder`, for its owner only. Nothing is read or made before it is asked for, and nothing removed.

    Both ways to it raise `ConfigurationError` for a file that others may read or that holds no usable key.
    """

    __slots__ = ("_path",)

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEY_FILE

    def load(self) -> Keyring:
        """Return the key of a database that is sealed. Raises `ConfigurationError` when the file is not there."""
        try:
            return Keyring(_read(self._path))
        except FileNotFoundError as error:
            raise ConfigurationError(
                "store.key", f"the database is sealed with a key, and the key file {self._path} is missing: put it back"
            ) from error
        except OSError as error:
            raise self._unusable(error) from error

    def load_or_make(self) -> Keyring:
        """Return the key, made durably if there is none yet; of several makers the first wins."""
        try:
            with suppress(FileNotFoundError):
                return Keyring(_read(self._path))
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make(self._path)
            return Keyring(_read(self._path))
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError("store.key", f"cannot use the key file {self._path}: {error.strerror}")


def _read(path: Path) -> Secret:
    with path.open(encoding="ascii", errors="replace") as file:
        if os.fstat(file.fileno()).st_mode & _FOR_OTHERS:
            raise ConfigurationError("store.key", f"others may read the key file: chmod 600 {path}")
        text = file.read().strip()
    if len(text) < MIN_KEY_LENGTH:
        raise ConfigurationError("store.key", f"the key file {path} holds no usable key")
    return Secret(text)


def _make(path: Path) -> None:
    """Write a whole key under another name first: a crash leaves none or a good one, and the first of two wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - a mode from birth
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
