"""A user's mistake is one line on stderr and a non-zero exit, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
[connections.lakeside]
source = "storeganise"
base_url = "http://127.0.0.1:9"
api_key = "env:CLI_API_KEY"
webhook_secrets = ["a-secret"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e001"
adapter = "simulator"
[sites.options]
url = "http://127.0.0.1:9"
"""


def gatebridge(*arguments: str, cwd: Path, columns: int = 100) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEBRIDGE")}
    return subprocess.run(
        [str(Path(sys.executable).with_name("gatebridge")), *arguments],
        cwd=cwd,
        env={**environment, "CLI_API_KEY": "key-of-the-cli-tests", "COLUMNS": str(columns)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def configured(folder: Path, change: tuple[str, str] = ("", "")) -> str:
    text = GOOD.format(folder=folder)
    assert change[0] in text
    file = folder / "gatebridge.toml"
    file.write_text(text.replace(*change) if change[0] else text)
    return str(file)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("[store]", "[stoer]"), "stoer"),
        (("env:CLI_API_KEY", "env:NOT_SET"), "connections.lakeside.api_key"),
        (('api_key = "env:CLI_API_KEY"', 'api_kee = "x"'), "connections.lakeside.api_kee"),
        (('webhook_secrets = ["a-secret"]', 'webhook_secrets = [" "]'), "connections.lakeside.webhook_secrets.0"),
        (('webhook_secrets = ["a-secret"]', "webhook_secrets = []"), "connections.lakeside.webhook_secrets"),
        (('adapter = "simulator"', 'adapter = "nuki"'), "sites.0.adapter"),
        (('source = "storeganise"', 'source = "stora"'), "connections.lakeside.source"),
        (('[sites.options]\nurl = "http://127.0.0.1:9"', ""), "sites.0.options.url"),
        (
            ('[sites.options]\nurl = "http://127.0.0.1:9"', '[sites.options]\nurl = "http://gate.test"'),
            "sites.0.options.url",
        ),
        (('base_url = "http://127.0.0.1:9"', 'base_url = "http://lakeside.test"'), "connections.lakeside.base_url"),
        (("sqlite:///", "mysql://"), "store.url"),
        (("sqlite:///", "postgresql://u:hush@127.0.0.1:1/"), "store.key"),
        (
            ('[store]\nurl = "sqlite:///', f'[store]\nkey = "{"k" * 40}"\nurl = "postgresql://u:hush@127.0.0.1:1/'),
            "store.url",
        ),
        (
            ("[sites.options]", '[sites.policy]\ncommon_doors = ["GATE"]\n[sites.options]\none_occupant = true'),
            "sites.0.policy.common_doors",
        ),
    ],
)
def test_serve_refuses_and_names_the_key(tmp_path: Path, change: tuple[str, str], named: str) -> None:
    done = gatebridge("serve", "--config", configured(tmp_path, change), "--port", "0", cwd=tmp_path)
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("gatebridge: ")]
    assert len(errors) == 1
    assert named in errors[0]
    assert "Traceback" not in done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in ("key-of-the-cli-tests", "hush"))


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("serv",), 2, "serve"),
        (("serve", "--port", "70000"), 2, "--port"),
        (("serve", "--only", "both"), 2, "receiver or worker"),
        (("serve", "--only", "worker"), 2, "store.url"),
        (("deliveries", "show", "many"), 2, "number"),
        (("deliveries", "show", "7"), 1, "7"),
        (("deliveries", "replay", "7"), 1, "7"),
        (("deliveries", "list", "--state", "lost"), 2, "lost"),
        (("deadletters", "show", "s7"), 1, "s7"),
        (("deadletters", "show", "7"), 2, "s17"),
        (("deadletters", "discard", "s7"), 2, "--reason"),
        (("deadletters", "replay"), 2, "--all-matching"),
        (("queue", "--limit", "0"), 2, "--limit"),
        (("pause", "--site", "s9", "--reason", "x"), 1, "s9"),
        (("pause", "--all"), 2, "--reason"),
        (("resume", "--all"), 1, "everything is not paused"),
        (("explain",), 2, "--tenant"),
        (("explain", "--tenant", "t1", "--unit", "B-014"), 2, "exactly one"),
        (("explain", "--tenant", " "), 2, "blank"),
        (("explain", "--tenant", "t1", "--at", "soon"), 2, "ISO 8601"),
        (("explain", "--tenant", "t1", "--site", "s9"), 1, "s9"),
        (("explain", "--rental", "r1"), 1, "the platform gave no usable answer"),
        (("sandbox", "gate", "--strict", "nowhere"), 2, "--strict"),
        (("sandbox", "--webhook-url", "https://u:p@example.net/"), 2, "--webhook-url"),
        (("--config", "missing.toml", "check"), 2, "missing.toml"),
        (("adapters", "simulate", "pull_feed"), 1, "no vendor to play"),
        (("adapters", "simulate", "brivo", "--suite", "TestNothing"), 1, "TestNothing"),
    ],
)
def test_a_wrong_word_is_one_line(tmp_path: Path, arguments: tuple[str, ...], status: int, says: str) -> None:
    configured(tmp_path)
    done = gatebridge(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("gatebridge: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_serve_without_any_connection_is_a_mistake(tmp_path: Path) -> None:
    done = gatebridge("serve", "--port", "0", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "connections: there is none" in done.stderr


def test_a_check_that_fails_says_what_to_do_and_ends_with_1(tmp_path: Path) -> None:
    done = gatebridge("check", "--config", configured(tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert "FAILED" in done.stdout
    assert "->" in done.stdout
    assert "key-of-the-cli-tests" not in done.stdout + done.stderr


def test_the_store_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = configured(tmp_path)
    assert "new ->" in gatebridge("db", "upgrade", "-c", file, cwd=tmp_path).stdout
    assert "nothing to do" in gatebridge("db", "upgrade", "-c", file, cwd=tmp_path).stdout
    assert (tmp_path / "gatebridge.db").stat().st_mode & 0o077 == 0


def test_a_key_that_opens_nothing_is_not_left_behind(tmp_path: Path) -> None:
    file = configured(tmp_path)
    assert gatebridge("deliveries", "list", "-c", file, cwd=tmp_path).returncode == 0
    (tmp_path / "gatebridge.key").unlink()
    done = gatebridge("deliveries", "list", "-c", file, cwd=tmp_path)
    assert done.returncode == 2
    assert "store.key" in done.stderr
    assert not (tmp_path / "gatebridge.key").exists()


def test_json_is_all_that_is_on_stdout(tmp_path: Path) -> None:
    file = configured(tmp_path)
    done = gatebridge("deliveries", "list", "--json", "-c", file, cwd=tmp_path)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("serve",),
        ("check",),
        ("demo",),
        ("sandbox",),
        ("sandbox", "gate"),
        ("deliveries",),
        ("explain",),
        ("alerts",),
        ("queue",),
        ("deadletters",),
        ("deadletters", "discard"),
        ("pause",),
        ("resume",),
        ("db",),
    ],
)
def test_every_command_explains_itself(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = gatebridge(*command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Usage" in done.stdout
