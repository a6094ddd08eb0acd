"""`gatebridge check` and a running bridge look at the certificate in front of it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bridge.settings import load
from bridge.wiring import assemble
from tests.cli.terminal import invoke
from tests.cli.test_mistakes import GOOD
from tests.outbound.tls import HERE, Authority, Front, standing


@pytest.fixture(autouse=True)
def _logs_as_ever() -> Iterator[None]:
    """Undo what the command says of the process's log."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    monkeypatch.setenv("CLI_API_KEY", "key-of-the-cli-tests")
    return made


def configured(folder: Path, front: Front) -> Path:
    file = folder / "gatebridge.toml"
    server = f'[server]\npublic_url = "https://{HERE}:{front.port}"\n'
    file.write_text(server + GOOD.format(folder=folder), encoding="utf-8")
    return file


def found(config: Path) -> dict[str, Any]:
    """Return the line of the certificate that `check` prints."""
    result = invoke(["check", "--json", "--config", str(config)])
    (line,) = [line for line in json.loads(result.stdout) if line["subject"] == "certificate"]
    return dict(line)


@pytest.mark.parametrize(("days", "verdict"), [(100, "ok"), (13, "warning"), (-1, "failed")])
def test_check_tells_of_the_certificate(authority: Authority, tmp_path: Path, days: int, verdict: str) -> None:
    certificate = authority.issue(lasts=timedelta(days=days))
    with standing(certificate) as front:
        line = found(configured(tmp_path, front))
    assert line["verdict"] == verdict
    told = "certificate has expired" if days < 0 else f"ends on {certificate.ends:%Y-%m-%d}"
    assert told in line["text"]


@pytest.mark.anyio
async def test_a_bridge_that_runs_tells_of_it(authority: Authority, tmp_path: Path) -> None:
    with standing(authority.issue(lasts=timedelta(days=13))) as front:
        async with assemble(load(configured(tmp_path, front))) as parts:
            await parts.certificate.look()
            (row,) = await parts.store.list_alerts(limit=9)
    assert row.entry.what == "certificate_expires"
