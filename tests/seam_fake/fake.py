"""Seam's own server for tests, as a process of its own. `make tools` fetches it."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.flow.house import WAIT_SECONDS, free_port, until

PROGRAM: Final = Path(sys.prefix) / "tools/seam/node_modules/@seamapi/fake-seam-connect/dist/server.js"
KEY: Final = "seam_apikey1_token"
WORKSPACE: Final = "seed_workspace_1"
FRONT, BACK, BATHROOM = "august_device_1", "august_device_2", "schlage_device_id"
"""The locks that it begins with."""


@dataclass(kw_only=True)
class Fake:
    """One such server, seeded. What is asked and done here goes around the bridge, as in Seam's console."""

    url: str
    process: subprocess.Popen[bytes]
    http: httpx.Client = field(repr=False)

    def codes_at(self, device: str) -> list[Mapping[str, Any]]:
        """Return the codes of a lock; the server itself lists those of all locks."""
        listed = self._ask("access_codes/list", {"device_id": device})["access_codes"]
        return [code for code in listed if code["device_id"] == device]

    def code_of(self, device: str, tenant: str) -> Mapping[str, Any] | None:
        """Return the code whose name begins with the tenant's."""
        found = [code for code in self.codes_at(device) if code["name"].startswith(f"{tenant} (gb-")]
        assert len(found) < 2, "one code for a tenant at a lock"
        return found[0] if found else None

    def set_by_somebody(self, device: str, digits: str) -> Mapping[str, Any]:
        """Set a code through Seam, beside the bridge."""
        body = {"device_id": device, "code": digits, "name": "Cleaners"}
        made: Mapping[str, Any] = self._ask("access_codes/create", body)["access_code"]
        return made

    def type_in(self, device: str, digits: str) -> Mapping[str, Any]:
        """Set a code at the lock itself, where Seam does not manage it."""
        body = {"device_id": device, "code": digits, "name": "Caretaker"}
        made: Mapping[str, Any] = self._ask("access_codes/simulate/create_unmanaged_access_code", body)["access_code"]
        return made

    def delete(self, code_id: str) -> None:
        self._ask("access_codes/delete", {"access_code_id": code_id})

    def fail_at(self, path: str) -> None:
        """Answer 503 there, until the server is started anew."""
        body = {"workspace_id": WORKSPACE, "routes": [path]}
        self.http.post(f"{self.url}/_fake/simulate_workspace_outage", json=body).raise_for_status()

    def stop(self) -> None:
        _end(self.process)

    def _ask(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self.http.post(f"{self.url}/{path}", json=body, headers={"Authorization": f"Bearer {KEY}"})
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()


@contextlib.contextmanager
def running(port: int | None = None) -> Iterator[Fake]:
    """Run one inside the block, on a free port or on this one."""
    node = shutil.which("node")
    if node is None or not PROGRAM.is_file():
        pytest.skip("Seam's server for tests is not there: `make tools` fetches it where node and npm are")
    port = port or free_port()
    process = subprocess.Popen(
        [node, str(PROGRAM), "--seed"],
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(timeout=10, trust_env=False) as http:
            fake = Fake(url=f"http://127.0.0.1:{port}", process=process, http=http)

            def is_up() -> bool:
                with contextlib.suppress(httpx.HTTPError):
                    return http.get(f"{fake.url}/health").status_code == httpx.codes.OK
                return False

            until(is_up)
            yield fake
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(timeout=WAIT_SECONDS)
