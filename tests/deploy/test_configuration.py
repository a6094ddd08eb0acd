"""The example configuration shows every key, with the default that the code has."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from bridge.settings import load
from bridge.telemetry import Metrics
from bridge.wiring import plug_in
from tests.deploy.settings_keys import Key, every_key

EXAMPLE: Final = Path(__file__).parents[2] / "deploy" / "gatebridge.example.toml"
COMMENTED_KEY: Final = re.compile(r"^# ([a-z_]+ = .+)$", re.MULTILINE)
SECRETS: Final = ("SG_API_KEY", "SG_ADDON_KEY", "SG_WEBHOOK_SECRET", "GATE_KEY", "GATEBRIDGE_KEY")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"value-of-{name}-that-is-long-enough")


def complete() -> str:
    """Return the example with the keys that it only shows."""
    return COMMENTED_KEY.sub(r"\1", EXAMPLE.read_text(encoding="utf-8"))


def flat(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for section, values in document.items():
        table = values["lakeside"] if section == "connections" else values[0] if section == "sites" else values
        for name, value in table.items():
            inner = value.items() if isinstance(value, dict) else ()
            found |= {f"{section}.{name}.{key}": deep for key, deep in inner} if inner else {f"{section}.{name}": value}
    return found


@pytest.mark.parametrize("text", [EXAMPLE.read_text(encoding="utf-8"), complete()], ids=["as it is", "every key set"])
def test_the_example_loads(text: str, tmp_path: Path) -> None:
    file = tmp_path / "gatebridge.toml"
    file.write_text(text, encoding="utf-8")
    assert [site.adapter for site in load(file).sites] == ["simulator"]


@pytest.mark.anyio
async def test_the_plug_ins_take_the_example_too(tmp_path: Path) -> None:
    file = tmp_path / "gatebridge.toml"
    file.write_text(complete(), encoding="utf-8")
    async with plug_in(load(file), Metrics()) as plugs:
        assert list(plugs.sources) == ["lakeside"]


def test_the_example_has_every_key_and_no_other() -> None:
    assert set(flat(tomllib.loads(complete()))) == set(every_key())


@pytest.mark.parametrize(
    "key", [key for key in every_key().values() if key.default is not None], ids=lambda key: key.path
)
def test_the_example_shows_the_default(key: Key) -> None:
    assert flat(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))[key.path] == key.default
