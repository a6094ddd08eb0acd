"""Real processes over loopback: `gatebridge sandbox`, `gatebridge serve`, and the commands beside it."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

SITE = "66f1a0c2b7d4e90015c0e001"
ADDON = "66f1a0c2b7d4e90015c0f900"
MIRA = "66f1a0c2b7d4e90015c01777"
API_KEY = "sandbox-api-key"
KEY_HEADER = {"Authorization": f"ApiKey {API_KEY}"}
SECRET = "flow-secret-of-the-webhook-5b1e"
STORE_KEY = "flow-key-that-seals-the-codes-of-the-store-9c4d"
WAIT_SECONDS = 20.0
READY = '"bridge.ready"'
"""What a worker alone says, which has no port to ask at."""
T = TypeVar("T")

CONFIGURATION = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
key = "env:FLOW_STORE_KEY"
[log]
level = "debug"
format = "json"
[connections.lakeside]
source = "storeganise"
base_url = "{platform}"
api_key = "env:FLOW_API_KEY"
webhook_secrets = ["env:FLOW_WEBHOOK_SECRET"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "{site}"
addon_id = "{addon}"
adapter = "simulator"
[sites.options]
url = "{gate}"
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("gatebridge")), *arguments]


def until(what: Callable[[], T | None], seconds: float = WAIT_SECONDS) -> T:
    """Return the first answer of `what` that is not None or False; fail after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = what()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass(kw_only=True)
class Bridge:
    """One `gatebridge serve` of a house; `output` is all that it has said so far."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """Ask it to end and return its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=WAIT_SECONDS)


@dataclass(kw_only=True)
class House:
    """A folder with a configuration, a sandbox beside it, and bridges to start."""

    folder: Path
    platform: str
    gate: str
    http: httpx.Client = field(repr=False)

    @property
    def file(self) -> Path:
        return self.folder / "gatebridge.toml"

    @property
    def environment(self) -> dict[str, str]:
        secrets = {"FLOW_API_KEY": API_KEY, "FLOW_WEBHOOK_SECRET": SECRET, "FLOW_STORE_KEY": STORE_KEY}
        return {**os.environ, **secrets, "COLUMNS": "200"}

    @contextlib.contextmanager
    def serving(self, program: Sequence[str] | None = None, *, options: Sequence[str] = ()) -> Iterator[Bridge]:
        """Serve inside the block; `program` runs `gatebridge` in another way than by its own command."""
        port = free_port()
        log = self.folder / f"serve-{port}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*(program or command()), "serve", "--config", str(self.file), "--port", str(port), *options],
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            bridge = Bridge(process=process, port=port, log=log)
            until(lambda: process.poll() is not None or self._is_ready(port) or READY in bridge.output)
            assert process.poll() is None, bridge.output
            yield bridge
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()

    def only_sweep(self) -> None:
        """Have the bridges to come look for nothing that has changed: only a sweep finds what nobody told them of."""
        text = self.file.read_text(encoding="utf-8")
        self.file.write_text(text.replace("[[sites]]", 'catch_up = "off"\n[[sites]]', 1), encoding="utf-8")

    def _is_ready(self, port: int) -> bool:
        try:
            return self.http.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside, or without, a bridge."""
        return subprocess.run(
            command("--config", str(self.file), *arguments),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )

    def run_json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def act(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.http.post(f"{self.platform}/sandbox/{path}", json=body or {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new_rental(self, number: int) -> dict[str, Any]:
        """Move a new tenant into a new unit, without telling any bridge."""
        name = f"F-{number:03}"
        unit = self.act("units", {"siteId": SITE, "name": name, "customFields": {"gate_id": name}})
        who = {"firstName": "Flow", "lastName": f"Tenant{number}", "email": f"flow{number}@example.net"}
        tenant = self.act("tenants", who)
        rental = self.act("move-ins", {"tenantId": tenant["id"], "unitId": unit["id"]})
        return {**rental, "target": name}

    def fields(self, rental: str) -> dict[str, Any]:
        """Return the rental's custom fields, none while the platform is told to fail."""
        path = f"unit-rentals/{rental}?include=customFields"
        answer = self.http.get(f"{self.platform}/api/v1/admin/{path}", headers=KEY_HEADER)
        fields: dict[str, Any] = answer.json()["customFields"] if answer.is_success else {}
        return fields

    def opens(self, target: str, code: str) -> bool:
        answer = self.http.post(f"{self.gate}/keypad", json={"site": SITE, "target": target, "code": code})
        opened: bool = answer.json()["opened"]
        return opened

    def post(self, bridge: Bridge, body: dict[str, Any] | bytes, *, secret: str = SECRET) -> httpx.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(
            f"http://127.0.0.1:{bridge.port}/webhooks/lakeside",
            content=raw,
            headers={"Content-Type": "application/json;charset=UTF-8", "sg-signature": sign(raw, secret)},
        )

    def until_code(self, rental: str) -> str:
        return str(until(lambda: self.fields(rental).get("gate_pinCode")))

    def until_status(self, rental: str, status: str) -> None:
        until(lambda: self.fields(rental).get("gate_status") == status)

    def until_settled(self, delivery: int) -> dict[str, Any]:
        def settled() -> dict[str, Any] | None:
            row: dict[str, Any] = self.run_json("deliveries", "show", str(delivery))
            return row if row["state"] not in {"new", "running"} else None

        return until(settled)


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@contextlib.contextmanager
def sandboxed(folder: Path) -> Iterator[House]:
    """Run a sandbox inside the block, with a configuration for it in `folder`."""
    platform_port, gate_port = free_port(), free_port()
    ports = ("--port", str(platform_port), "--gate-port", str(gate_port))
    process = subprocess.Popen(command("sandbox", *ports), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(timeout=10, trust_env=False) as http:
            house = House(
                folder=folder,
                platform=f"http://127.0.0.1:{platform_port}",
                gate=f"http://127.0.0.1:{gate_port}",
                http=http,
            )
            house.file.write_text(
                CONFIGURATION.format(folder=folder, platform=house.platform, gate=house.gate, site=SITE, addon=ADDON)
            )

            def is_up() -> bool:
                with contextlib.suppress(httpx.HTTPError):
                    return all(http.get(f"{one}/livez").status_code == 200 for one in (house.platform, house.gate))
                return False

            until(is_up)
            yield house
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=WAIT_SECONDS)
