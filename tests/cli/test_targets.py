"""`gatebridge targets`: the vendor's doors beside the platform's units, both on the loopback; nothing is written."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import Result

from bridge.domain.errors import Anomaly, ConfigurationError, NotFoundHere, Rejected, Unreachable, Unsupported
from tests.cli.offering import declared, offer
from tests.cli.terminal import invoke

SITE = "66f1a0c2b7d4e90015c0e001"
OTHER_SITE = "66f1a0c2b7d4e90015c0e002"
TEXT = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
[connections.lakeside]
source = "storeganise"
base_url = "{url}"
api_key = "a-key"
webhook_secrets = ["a-secret"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e001"
adapter = "simulator"
[sites.options]
url = "{url}"
[sites.policy]
common_doors = ["Gate", "Lobby"]
"""
SECOND = """
[connections.hilltop]
source = "storeganise"
base_url = "{url}"
api_key = "another-key"
webhook_secrets = ["a-secret"]
timezone = "Europe/London"
[[sites]]
connection = "hilltop"
id = "66f1a0c2b7d4e90015c0e001"
adapter = "simulator"
[sites.options]
url = "{url}"
"""
UNITS = {"B-014": "B 14", "B-015": None, "B-016": "NONE", "B-017": "B 99", "B-018": None, "Annexe": None}
DOORS = ["B 14", "B 15", "B 18", "b018", "B 20", "Gate"]


class Both(BaseHTTPRequestHandler):
    """The platform and the gate at one address. `asked` holds what was asked of either."""

    units: ClassVar[list[dict[str, Any]]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.asked.append(f"{self.command} {url.path}")
        if url.path.startswith("/v1/sites/"):
            kind = {"codes": "given", "shows_codes": True, "suspends": "target", "one_occupant": False}
            self._answer({"ok": True, "site": SITE, "result": {"people": 0, "targets": DOORS, "kind": kind}})
        elif parse_qs(url.query)["siteId"] == [SITE]:
            self._answer(self.units)

    def _answer(self, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def both() -> Iterator[str]:
    Both.asked.clear()
    Both.units[:] = [
        {"id": f"u{number}", "siteId": SITE, "name": name, "state": "available", "customFields": {"gate_id": target}}
        for number, (name, target) in enumerate(UNITS.items())
    ]
    with ThreadingHTTPServer(("127.0.0.1", 0), Both) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., Path]:
    def configure(url: str, text: str = TEXT) -> Path:
        file = tmp_path / "gatebridge.toml"
        file.write_text(text.format(folder=tmp_path, url=url))
        return file

    return configure


def targets(config: Path, *arguments: str, site: str = SITE) -> Result:
    command = ["targets", "--config", str(config), "--site", site, *arguments]
    return invoke(command, columns=160)


def test_units_stand_beside_the_doors_that_they_seem_to_be(configured: Callable[..., Path], both: str) -> None:
    result = targets(configured(both), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert (told["site"], told["field"]) == (SITE, "gate_id")
    assert told["targets"] == [{"id": door, "name": door, "kind": "door"} for door in DOORS]
    units = {
        unit["name"]: (unit["target"], unit["standing"], unit["suggestion"], unit["doubt"]) for unit in told["units"]
    }
    assert units == {
        "Annexe": (None, "unmapped", None, "no_namesake"),
        "B-014": ("B 14", "mapped", None, None),
        "B-015": (None, "unmapped", "B 15", None),
        "B-016": (None, "opted_out", None, None),
        "B-017": ("B 99", "stray", None, "no_namesake"),
        "B-018": (None, "unmapped", None, "several_targets"),
    }
    assert told["without_a_unit"] == ["B 18", "b018", "B 20"]
    assert told["common_doors_missing"] == ["Lobby"]


def test_people_are_told_what_to_write_where(configured: Callable[..., Path], both: str) -> None:
    lines = targets(configured(both)).stdout.splitlines()
    rows = {line.split("  ")[0].strip(): line.split() for line in lines}
    assert rows["B-015"] == ["B-015", "-", "B", "15"]
    assert rows["B-016"] == ["B-016", "NONE"]
    assert " ".join(rows["B-017"]) == "B-017 B 99 the vendor does not have it; nothing is called so"
    assert " ".join(rows["B-018"]) == "B-018 - several are called so: B 18, b018"
    assert lines[-3:] == [
        "Suggested by name: 1. Nothing was written: set gate_id of each unit to an id, or to NONE.",
        "Without a unit: B 18, b018, B 20",
        "The vendor has no Lobby, which the site's policy.common_doors names.",
    ]


def test_nothing_is_written_anywhere(configured: Callable[..., Path], both: str, tmp_path: Path) -> None:
    file = configured(both)
    assert targets(file).exit_code == 0
    assert set(Both.asked) == {f"GET /v1/sites/{SITE}/", "GET /api/v1/admin/units"}
    assert list(tmp_path.iterdir()) == [file]


def test_a_vendor_that_lists_nothing_says_so_in_one_line(
    configured: Callable[..., Path], both: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    offer(tmp_path, "listless", {"__init__.py": declared("listless")})
    text = TEXT.replace('"simulator"', '"listless"').replace('url = "{url}"\n[sites', 'token = "t"\ndigits = 6\n[sites')
    result = targets(configured(both, text))
    assert isinstance(result.exception, Unsupported)
    assert str(result.exception) == "this vendor lists no locks: copy their ids from its console"


@pytest.mark.parametrize("site", [OTHER_SITE, "lakeside"])
def test_a_site_that_is_not_configured_is_a_clear_mistake(configured: Callable[..., Path], site: str) -> None:
    result = targets(configured("http://127.0.0.1:9"), site=site)
    assert isinstance(result.exception, NotFoundHere)
    assert str(result.exception) == f"there is no site {site} in the configuration"


def test_a_site_that_two_connections_have_is_asked_for_by_both_names(
    configured: Callable[..., Path], both: str
) -> None:
    file = configured(both, TEXT + SECOND)
    result = targets(file)
    assert isinstance(result.exception, Rejected)
    assert "--connection" in str(result.exception)
    assert targets(file, "--connection", "hilltop").exit_code == 0


def test_a_unit_that_cannot_be_read_is_named(configured: Callable[..., Path], both: str) -> None:
    Both.units.append({"id": "u9", "siteId": SITE, "name": "B-099", "customFields": {"gate_id": ["B 14"]}})
    result = targets(configured(both))
    assert isinstance(result.exception, Anomaly)
    assert str(result.exception) == "units/u9: customFields.gate_id is no text"


def test_a_gate_that_is_away_is_one_line(configured: Callable[..., Path]) -> None:
    result = targets(configured("http://127.0.0.1:9"))
    assert isinstance(result.exception, Unreachable)


def test_a_broken_configuration_names_the_key(configured: Callable[..., Path]) -> None:
    result = targets(configured("http://127.0.0.1:9", TEXT.replace("api_key", "api_kee")))
    assert isinstance(result.exception, ConfigurationError)
    assert "connections.lakeside.api_kee" in str(result.exception)
