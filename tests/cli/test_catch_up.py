"""`gatebridge catch-up` over a store that no running bridge owns, beside a platform on the loopback."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName
from bridge.ports.clock import SystemClock
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.cli.test_sweep import NOWHERE, OTHER_SITE, SITE, TEXT

STAMP = "2026-03-04T12:00:00.000Z"


class Platform(BaseHTTPRequestHandler):
    """Lists one changed rental at the one site, and does not know the other."""

    asked: ClassVar[list[dict[str, list[str]]]] = []

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.asked.append(query)
        is_here = query["siteId"] == [SITE]
        rental = {"id": "r9", "siteId": SITE, "ownerId": "t9", "state": "occupied", "updated": STAMP}
        body = json.dumps([rental] if is_here else {"error": {"type": "gone", "message": "no such site"}}).encode()
        self.send_response(200 if is_here else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def _logs_as_ever() -> Iterator[None]:
    """Undo what the command says of the process's log."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def platform() -> Iterator[str]:
    Platform.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Platform) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Path]:
    def configure(platform: str, text: str = TEXT) -> Path:
        file = tmp_path / "gatebridge.toml"
        file.write_text(text.format(folder=tmp_path, platform=platform))
        return file

    return configure


def catch_up(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["catch-up", "--config", str(config), *arguments])


async def bookmark(file: Path, site: str) -> str | None:
    async with open_store(load(file), Metrics(), SystemClock()) as store:
        return await store.bookmark(f"changed:{ConnectionName('lakeside')}:{site}")


def test_it_says_what_it_found_and_which_site_it_could_not_ask(
    configured: Callable[[str], Path], platform: str
) -> None:
    file = configured(platform)
    result = catch_up(file, "--since", "2026-03-04")
    assert result.stdout.splitlines() == [
        "Changed rentals to be looked at: 1",
        "Tenants found who were not known: 1",
        "Moves whose webhooks never came: 0",
    ]
    assert result.exit_code == 1
    assert result.stderr.startswith(f"gatebridge: site {OTHER_SITE} of lakeside was not caught up with: GET 127.0.0.1")
    assert result.stderr.count("\n") == 1
    assert [asyncio.run(bookmark(file, site)) is None for site in (SITE, OTHER_SITE)] == [False, True]


def test_a_second_look_finds_nothing_new(configured: Callable[[str], Path], platform: str) -> None:
    file = configured(platform)
    first, second = (json.loads(catch_up(file, "--json", "--since", "2026-03-04").stdout) for _ in range(2))
    counts = [{name: one[name] for name in ("changed", "found", "missed")} for one in (first, second)]
    assert counts[0] == {"changed": 1, "found": 1, "missed": 0}
    assert counts[1]["found"] == 0


def test_a_time_that_is_none_is_a_mistake_before_anything_is_asked(
    configured: Callable[[str], Path], platform: str
) -> None:
    result = catch_up(configured(platform), "--since", "last week")
    assert result.exit_code == 2
    assert "ISO 8601" in " ".join(result.stderr.split())
    assert Platform.asked == []


def test_a_connection_that_is_not_configured_is_a_clear_mistake(configured: Callable[[str], Path]) -> None:
    result = catch_up(configured(NOWHERE), "--connection", "hillside")
    assert isinstance(result.exception, NotFoundHere)
    assert str(result.exception) == "no site of a connection hillside is in the configuration"


def test_a_connection_that_is_not_to_be_asked_is_not(configured: Callable[..., Path], platform: str) -> None:
    off = TEXT.replace('timezone = "Europe/London"', 'timezone = "Europe/London"\ncatch_up = "off"')
    result = catch_up(configured(platform, off))
    assert (result.exit_code, result.stderr, Platform.asked) == (0, "", [])
