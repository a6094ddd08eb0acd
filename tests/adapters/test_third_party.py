"""An adapter from elsewhere: built, installed and used, with no change to the bridge."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.scaffold import Names, write_package

Run = Callable[..., subprocess.CompletedProcess[str]]

CONFIGURATION = """
[store]
url = "sqlite:///{folder}/gatebridge.db"
[connections.lakeside]
source = "storeganise"
base_url = "http://127.0.0.1:9"
api_key = "a-key"
webhook_secrets = ["a-secret"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e001"
adapter = "keyturn"
[sites.options]
url = "http://127.0.0.1:9"
api_key = "a-key-of-the-vendor"
"""


def started(*command: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEBRIDGE")}
    environment |= {"COLUMNS": "200", "PYTHONPATH": "" if path is None else str(path)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a new adapter, as its author has it."""
    return write_package(Names.of("keyturn", "Keyturn"), tmp_path_factory.mktemp("author"))


@pytest.fixture(scope="module")
def gatebridge(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return the console command of an installation that has the author's wheel, and nothing of their sources."""
    site = tmp_path_factory.mktemp("installed")
    options = ["--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation", "--quiet"]
    wheels = site / "wheels"
    for step in (
        ["wheel", *options, "--wheel-dir", str(wheels), str(source)],
        ["install", *options, "--target", str(site / "packages"), "--find-links", str(wheels), "gatebridge-keyturn"],
    ):
        done = started(sys.executable, "-m", "pip", *step, cwd=site)
        assert done.returncode == 0, done.stdout + done.stderr
    command = str(Path(sys.executable).with_name("gatebridge"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return started(command, *arguments, cwd=site, path=site / "packages")

    return run


def test_its_own_tests_pass_before_its_author_has_changed_a_word(source: Path) -> None:
    done = started(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=source)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_it_is_listed_beside_ours(gatebridge: Run) -> None:
    rows = {row["key"]: row for row in json.loads(gatebridge("adapters", "list", "--json").stdout)}
    keyturn = rows["keyturn"]
    assert (keyturn["package"], keyturn["version"], keyturn["title"]) == ("gatebridge-keyturn", "0.1.0", "Keyturn")
    assert keyturn["loaded"]
    assert rows["simulator"]["package"] == "gatebridge"


def test_its_papers_come_with_the_wheel(gatebridge: Run) -> None:
    shown = json.loads(gatebridge("adapters", "show", "keyturn", "--json").stdout)
    assert Path(shown["readme"]).read_text().startswith("# Keyturn\n")
    assert shown["rules"]["idempotent_apply"] == "done"
    assert [(option["key"], option["type"]) for option in shown["options"]] == [("url", "text"), ("api_key", "secret")]
    assert shown["options"][1]["meaning"] == "The account's key. Give it as `env:NAME`."
    assert shown["capabilities"]["code_maker"] == "bridge"


def test_it_is_certified_where_it_is_installed(gatebridge: Run) -> None:
    done = gatebridge("adapters", "certify", "keyturn", "--json")
    told = json.loads(done.stdout)
    assert [row for row in told["checks"] if row["outcome"] == "failed"] == []
    assert (done.returncode, told["certified"], {row["suite"] for row in told["checks"]}) == (0, True, {"TestKeyturn"})
    passed = [row for row in told["checks"] if row["outcome"] == "passed"]
    assert len(passed) > 100
    assert [row for row in told["checks"] if row["outcome"] != "passed" and not row["why"]] == []


def test_a_configuration_that_names_it_is_opened_and_checked(gatebridge: Run, tmp_path: Path) -> None:
    file = tmp_path / "gatebridge.toml"
    file.write_text(CONFIGURATION.format(folder=tmp_path))
    done = gatebridge("check", "--json", "--config", str(file))
    (finding,) = [one for one in json.loads(done.stdout) if one["subject"].startswith("Keyturn")]
    assert finding["verdict"] == "failed"
    assert finding["advice"] == "Correct the site's options.url, or try again when the vendor answers."
    assert "a-key-of-the-vendor" not in done.stdout + done.stderr


def test_its_options_are_held_to_its_own_model(gatebridge: Run, tmp_path: Path) -> None:
    file = tmp_path / "gatebridge.toml"
    file.write_text(CONFIGURATION.format(folder=tmp_path).replace('api_key = "a-key-of', 'api_kee = "a-key-of'))
    done = gatebridge("check", "--config", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "gatebridge: sites.0.options.api_key: is missing\n"


def test_a_name_that_it_has_taken_is_not_given_again(gatebridge: Run, tmp_path: Path) -> None:
    done = gatebridge("adapters", "new", "keyturn", "--into", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "installed already" in done.stderr
