"""Caddy with the project's Caddyfile, on loopback, in front of an application that notes what reaches it."""

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any, Final, Self

import uvicorn

START_SECONDS: Final = 10.0
HOST: Final = "127.0.0.1"
Scope = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Upstream:
    """The bridge's place behind the edge: answers 200 to everything, and remembers it."""

    arrivals: list[Arrival] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.arrivals.append(Arrival(method=scope["method"], path=scope["path"], headers=headers, body=body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"reached"})


class Served:
    """`app` on a port of its own, inside a block."""

    def __init__(self, app: Upstream, listener: socket.socket) -> None:
        config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)


class Edge:
    """Caddy inside a block; `log` holds what it said once the block is over."""

    def __init__(self, caddy: str, caddyfile: Path, folder: Path, upstream_port: int) -> None:
        self._caddy = caddy
        self._caddyfile = caddyfile
        self._folder = folder
        self._upstream = f"{HOST}:{upstream_port}"
        self.port = free_port()
        self.log = ""

    def __enter__(self) -> Self:
        site = {"GATEBRIDGE_DOMAIN": f"http://{HOST}:{self.port}", "GATEBRIDGE_UPSTREAM": self._upstream}
        config = adapted(self._caddy, self._caddyfile, self._folder, site)
        (server,) = config["apps"]["http"]["servers"].values()
        assert server["listen"] == [f":{self.port}"]
        server["listen"] = [f"{HOST}:{self.port}"]  # the file's own words would listen beyond loopback
        written = self._folder / "caddy.json"
        written.write_text(json.dumps(config), encoding="utf-8")
        self._output = (self._folder / "caddy.log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [self._caddy, "run", "--config", str(written)], env=surroundings(self._folder), stderr=self._output
        )
        try:
            wait_for_port(self.port)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(START_SECONDS)
        self._output.seek(0)
        self.log = self._output.read()
        self._output.close()


def adapted(caddy: str, caddyfile: Path, home: Path, site: Mapping[str, str]) -> dict[str, Any]:
    """Return the Caddyfile as Caddy understands it in the environment `site`; a warning is a failure too."""
    command = [caddy, "adapt", "--config", str(caddyfile), "--adapter", "caddyfile"]
    done = subprocess.run(command, env=surroundings(home) | dict(site), capture_output=True, text=True, check=True)
    assert not done.stderr.strip(), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def surroundings(home: Path) -> dict[str, str]:
    """Return an environment without this machine's own settings."""
    return {"HOME": str(home), "PATH": os.environ["PATH"]}


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            sleep(0.02)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")
