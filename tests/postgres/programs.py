"""Where PostgreSQL's programs are, and who may run them."""

import os
import pwd
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PACKAGED: Final = Path("/usr/lib/postgresql")
OWNER: Final = "postgres"


class PostgresMissing(Exception):
    """There is no PostgreSQL on this machine that the tests could run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """`account` is whom they run as where the tests are root's; initdb and postgres refuse root."""

    folder: Path
    account: pwd.struct_passwd | None

    def command(self, name: str, *arguments: str) -> list[str]:
        return [str(self.folder / name), *arguments]

    @property
    def as_account(self) -> dict[str, Any]:
        """What `subprocess` needs to run them as that account, with nothing of the tests' own environment."""
        environment = {"env": {"PATH": os.defpath, "LC_ALL": "C"}}
        if self.account is None:
            return environment
        return {**environment, "user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def hand_over(self, folder: Path) -> None:
        """Make the folder the account's own."""
        if self.account is not None:
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)


def find_programs(path: str | None = None, packaged: Path = PACKAGED) -> Programs:
    """Return those on PATH, else the newest that a package keeps beside it; raise `PostgresMissing`."""
    folder = next(_folders(path, packaged), None)
    if folder is None:
        raise PostgresMissing("PostgreSQL is missing")
    if os.geteuid() != 0:
        return Programs(folder=folder, account=None)
    try:
        account = pwd.getpwnam(OWNER)
    except KeyError:
        raise PostgresMissing(f"PostgreSQL refuses root, and there is no user {OWNER!r} to run it as") from None
    return Programs(folder=folder, account=account)


def _folders(path: str | None, packaged: Path) -> Iterator[Path]:
    on_path = shutil.which("postgres", path=path)
    # A link to the one program may be all that PATH has.
    candidates = [Path(on_path).resolve().parent] if on_path else []
    versions = [folder for folder in packaged.glob("*/bin") if folder.parent.name.isdecimal()]
    candidates += sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    for folder in candidates:
        if all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
            yield folder
