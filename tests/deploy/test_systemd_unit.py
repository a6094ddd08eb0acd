"""The unit is one that systemd takes, and that leaves the process little to do harm with."""

import subprocess
from pathlib import Path
from typing import Final

import pytest

from bridge.cli import MISTAKE

EXPOSURE: Final = 20
"""In tenths, as systemd-analyze counts: 0 is shut, 100 wide open."""
PROGRAM: Final = "/opt/gatebridge/bin/gatebridge"


@pytest.fixture
def unit(deploy: Path, tmp_path: Path) -> Path:
    """Return the unit with a program that this machine has: the verifier looks for it."""
    text = (deploy / "gatebridge.service").read_text(encoding="utf-8")
    assert f"\nExecStart={PROGRAM} serve\n" in text
    file = tmp_path / "gatebridge.service"
    file.write_text(text.replace(PROGRAM, "/bin/true"), encoding="utf-8")
    return file


def test_systemds_own_verifier_has_nothing_to_say(systemd_analyze: str, unit: Path) -> None:
    command = [systemd_analyze, "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
    assert (done.returncode, said) == (0, [])


def test_a_misspelt_directive_would_be_seen(systemd_analyze: str, unit: Path) -> None:
    unit.write_text(unit.read_text(encoding="utf-8").replace("ProtectHome=", "ProtectHoem="), encoding="utf-8")
    command = [systemd_analyze, "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "ProtectHoem" in done.stderr


def test_the_process_is_shut_in(systemd_analyze: str, unit: Path) -> None:
    command = [systemd_analyze, "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


def parsed(deploy: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (deploy / "gatebridge.service").read_text(encoding="utf-8").splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_a_wrong_configuration_is_not_tried_again_and_again(deploy: Path) -> None:
    unit = parsed(deploy)
    assert (unit["Restart"], unit["RestartPreventExitStatus"]) == (["on-failure"], [str(MISTAKE)])


def test_a_command_by_hand_has_the_services_own_settings(deploy: Path, tmp_path: Path) -> None:
    unit = parsed(deploy)
    secrets = tmp_path / "gatebridge.env"
    secrets.write_text("# comment\nSG_API_KEY=a-key=with/signs+\n", encoding="utf-8")
    text = (deploy / "gatebridge.sh").read_text(encoding="utf-8")
    assert f"exec {PROGRAM} " in text
    assert f". {unit['EnvironmentFile'][0]}\n" in text
    script = tmp_path / "gatebridge.sh"
    script.write_text(text.replace(PROGRAM, "/usr/bin/env").replace(unit["EnvironmentFile"][0], str(secrets)), "utf-8")
    done = subprocess.run(["/bin/sh", str(script)], env={}, capture_output=True, text=True, check=True)
    seen = set(done.stdout.splitlines())
    assert {*unit["Environment"], "SG_API_KEY=a-key=with/signs+"} <= seen
