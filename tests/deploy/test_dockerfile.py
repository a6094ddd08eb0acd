"""What the image promises beyond its steps, which `make package` runs."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from tests.deploy.dockerfile import Stage, stages


@pytest.fixture(scope="module")
def image(deploy: Path) -> Stage:
    return stages(deploy / "Dockerfile")[-1]


class Readiness(BaseHTTPRequestHandler):
    status: ClassVar[int] = 200
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Readiness) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def healthy(image: Stage, port: int) -> bool:
    command = [sys.executable, *image.health_check()[1:]]
    assert "8080" in command[-1]
    command[-1] = command[-1].replace("8080", str(port))
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
def test_health_is_what_readyz_says(
    image: Stage, port: int, monkeypatch: pytest.MonkeyPatch, *, status: int, expected: bool
) -> None:
    monkeypatch.setattr(Readiness, "status", status)
    monkeypatch.setattr(Readiness, "asked", [])
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert healthy(image, port) is expected
    assert Readiness.asked == ["/readyz"]


def test_a_process_that_is_gone_is_not_healthy(image: Stage) -> None:
    assert not healthy(image, 9)


def test_the_process_is_not_root_and_is_told_directly_to_stop(image: Stage) -> None:
    assert image.texts("USER") == ["gatebridge"]
    assert image.texts("ENTRYPOINT") == ['["gatebridge"]']
    assert image.texts("CMD") == ['["serve"]']
    assert image.texts("STOPSIGNAL") == ["SIGTERM"]


def test_the_state_is_on_the_volume(image: Stage) -> None:
    assert image.texts("VOLUME") == ["/var/lib/gatebridge"]
    assert image.environment()["GATEBRIDGE__STORE__URL"].startswith("sqlite:////var/lib/gatebridge/")


def test_everything_that_is_installed_has_a_hash_or_was_built_here(deploy: Path) -> None:
    installs = [text for stage in stages(deploy / "Dockerfile") for text in stage.texts("RUN") if "pip install" in text]
    assert len(installs) == 3
    assert all("--require-hashes" in text or "--no-deps --no-index" in text for text in installs)


def test_the_context_holds_what_is_copied_and_no_more(deploy: Path) -> None:
    ignore = (deploy / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    sources = {
        word
        for stage in stages(deploy / "Dockerfile")
        for text in stage.texts("COPY")
        if not text.startswith("--from")
        for word in text.split()[:-1]
    }
    assert ignore[0] == "*"
    assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == sources
