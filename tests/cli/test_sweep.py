"""`gatebridge sweep` over a store that no running bridge owns, in this process, beside a platform on the loopback."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog
from typer.testing import CliRunner, Result

from bridge.cli.app import app
from bridge.domain.errors import NotFoundHere
from bridge.domain.ids import ConnectionName, SiteId, SubjectKey, TenantId
from bridge.ports.clock import SystemClock
from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import open_store
from tests.contracts.store_builders import mark

SITE = "66f1a0c2b7d4e90015c0e001"
OTHER_SITE = "66f1a0c2b7d4e90015c0e002"
NOWHERE = "http://127.0.0.1:9"
TEXT = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
[connections.lakeside]
source = "storeganise"
base_url = "{platform}"
api_key = "a-key"
webhook_secrets = ["a-secret"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e001"
adapter = "simulator"
[sites.options]
url = "http://127.0.0.1:9"
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e002"
adapter = "simulator"
[sites.options]
url = "http://127.0.0.1:9"
"""


class Platform(BaseHTTPRequestHandler):
    """Lists one rental at the one site, and does not know the other."""

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        is_here = query["siteId"] == [SITE]
        rental = {"id": "r9", "siteId": SITE, "ownerId": "t9", "state": "occupied"}
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
    with ThreadingHTTPServer(("127.0.0.1", 0), Platform) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Path]:
    """Return what writes a configuration for a platform, over a store with two known tenants here and one there."""

    def configure(platform: str) -> Path:
        file = tmp_path / "gatebridge.toml"
        file.write_text(TEXT.format(folder=tmp_path, platform=platform))
        asyncio.run(know(file))
        return file

    return configure


async def know(file: Path) -> None:
    """Leave two tenants at one site and one at another in the store."""
    tenants = [(SITE, "t1"), (SITE, "t2"), (OTHER_SITE, "t3")]
    lakeside = ConnectionName("lakeside")
    keys = [SubjectKey(connection=lakeside, site=SiteId(site), tenant=TenantId(tenant)) for site, tenant in tenants]
    async with open_store(load(file), Metrics(), SystemClock()) as store:
        await mark(store, *keys)


def sweep(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["sweep", "--config", str(config), *arguments])


def test_a_sweep_says_whom_it_marked_and_whom_it_found(configured: Callable[[str], Path], platform: str) -> None:
    file = configured(platform)
    first, second = sweep(file, "--site", SITE), sweep(file, "--site", SITE, "--json")
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [
        "Known tenants to be looked at again: 2",
        "Known tenants in step: 0",
        "Tenants found who were not known: 1",
    ]
    assert json.loads(second.stdout) == {"marked": 3, "in_step": 0, "found": 0, "not_listed": [], "unknown": []}


def test_a_site_that_is_not_listed_is_one_line_and_stops_no_other(
    configured: Callable[[str], Path], platform: str
) -> None:
    result = sweep(configured(platform), "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["marked"], answer["found"]) == (1, 3, 1)
    assert [missed["site"] for missed in answer["not_listed"]] == [OTHER_SITE]
    assert result.stderr.startswith(f"gatebridge: site {OTHER_SITE} of lakeside was not listed: GET 127.0.0.1: 404")
    assert result.stderr.count("\n") == 1


def test_a_platform_that_is_away_keeps_nobody_who_is_known_from_being_marked(
    configured: Callable[[str], Path],
) -> None:
    result = sweep(configured(NOWHERE))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 2)
    assert result.stdout.splitlines()[0] == "Known tenants to be looked at again: 3"


def test_a_site_that_is_not_configured_is_a_clear_mistake(configured: Callable[[str], Path]) -> None:
    result = sweep(configured(NOWHERE), "--site", "lakeside")
    assert isinstance(result.exception, NotFoundHere)
    assert str(result.exception) == "there is no site lakeside in the configuration"
