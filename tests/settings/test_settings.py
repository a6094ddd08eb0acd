"""The configuration: what is wrong is named, nothing secret is repeated."""

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge.domain.errors import ConfigurationError
from bridge.domain.ids import TargetId
from bridge.domain.policy import Blackout, CommonDoorsPolicy, SitePolicy
from bridge.settings import Settings, load

GOOD = """
[store]
url = "sqlite:///state/gatebridge.db"
[connections.lakeside]
source = "storeganise"
base_url = "https://lakeside.storeganise.com"
api_key = "env:SG_API_KEY"
webhook_secrets = ["env:SG_WEBHOOK_SECRET"]
timezone = "Europe/London"
[[sites]]
connection = "lakeside"
id = "66f1a0c2b7d4e90015c0e001"
adapter = "simulator"
[sites.options]
url = "http://127.0.0.1:9000"
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SG_API_KEY", "key-of-the-platform")
    monkeypatch.setenv("SG_WEBHOOK_SECRET", "secret-of-the-webhook")
    monkeypatch.delenv("GATEBRIDGE_CONFIG", raising=False)


def read(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "gatebridge.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_secrets_come_from_where_the_file_says(tmp_path: Path) -> None:
    kept = tmp_path / "key"
    kept.write_text("k" * 40 + "\n")
    settings = read(tmp_path, GOOD.replace("[store]", f'[store]\nkey = "file:{kept}"'))
    assert settings.connections[next(iter(settings.connections))].options["api_key"] == "key-of-the-platform"
    assert settings.store.key is not None
    assert settings.store.key.reveal() == "k" * 40


def test_nothing_secret_is_in_the_repr(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, GOOD + 'api_key = "gate-key"\n'))
    assert not any(secret in shown for secret in ("key-of-the-platform", "secret-of-the-webhook", "gate-key"))


def test_the_state_lives_beside_the_database(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).state_dir == Path("state")
    assert read(tmp_path, GOOD + "\n[server]\nstate_dir = '/run/gb'\n").state_dir == Path("/run/gb")


def test_the_environment_overrides_any_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEBRIDGE__SERVER__PORT", "9999")
    monkeypatch.setenv("GATEBRIDGE__CONNECTIONS__LAKESIDE__API_KEY", "env:OTHER")
    monkeypatch.setenv("OTHER", "the-other-key")
    settings = read(tmp_path, GOOD)
    assert settings.server.port == 9999
    assert next(iter(settings.connections.values())).options["api_key"] == "the-other-key"
    assert next(iter(settings.connections.values())).options["base_url"] == "https://lakeside.storeganise.com"


def test_a_secrets_directory_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "gatebridge__store__key").write_text("s" * 40 + "\n")
    monkeypatch.setenv("GATEBRIDGE_SECRETS_DIR", str(folder))
    key = read(tmp_path, GOOD).store.key
    assert key is not None
    assert key.reveal() == "s" * 40


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("[store]", "[stroe]"), "stroe"),
        (('url = "sqlite', 'uri = "sqlite'), "store.uri"),
        (('adapter = "simulator"', 'adapter = "simulator"\ncolour = 1'), "sites.0.colour"),
        (('"env:SG_API_KEY"', '"env:NOT_SET"'), "connections.lakeside.api_key"),
        (('"env:SG_API_KEY"', '"file:/does/not/exist"'), "connections.lakeside.api_key"),
        (('["env:SG_WEBHOOK_SECRET"]', '["env:BLANK"]'), "connections.lakeside.webhook_secrets.0"),
        (("sqlite:///state/gatebridge.db", "mysql://db/gb"), "store.url"),
        (("sqlite:///state/gatebridge.db", "sqlite:///:memory:"), "store.url"),
        (("[store]", '[store]\nkey = "too short"'), "store.key"),
        (("[store]", "[store]\nkeep_bodies_days = 0"), "store.keep_bodies_days"),
        (("[store]", "[store]\nkeep_deliveries_days = 13"), "store.keep_deliveries_days"),
        (("[store]", "[store]\nkeep_bodies_days = 91"), "store.keep_deliveries_days"),
        (("Europe/London", "Europe/Atlantis"), "connections.lakeside.timezone"),
        (('timezone = "Europe/London"\n', ""), "connections.lakeside.timezone"),
        (('connection = "lakeside"', 'connection = "riverside"'), "sites.0.connection"),
        (('adapter = "simulator"', 'adapter = "simulator"\nmode = "dry"'), "sites.0.mode"),
        (("[connections.lakeside]", "[connections.LakeSide]"), "connections.LakeSide"),
        (('id = "66f1a0c2b7d4e90015c0e001"', 'id = "../66f1"'), "sites.0.id"),
        (("[sites.options]", "[sites.policy]\noverdue = 'sometimes'\n[sites.options]"), "sites.0.policy.overdue"),
        (("[sites.options]", "[sites.policy]\nblackout = '22-6'\n[sites.options]"), "sites.0.policy.blackout"),
        (("[sites.options]", "[sites.policy]\nblackout = '22:00-22:00'\n[sites.options]"), "sites.0.policy.blackout"),
        (("[sites.options]", "[sites.policy]\nblackout = '22:00-25:00'\n[sites.options]"), "sites.0.policy.blackout"),
        (("[sites.options]", "[sites.policy]\ngrace_hours = -1\n[sites.options]"), "sites.0.policy.grace_hours"),
        (("[sites.options]", "[sites.policy]\noverlap_hours = 9e9\n[sites.options]"), "sites.0.policy.overlap_hours"),
        (
            ("[sites.options]", "[sites.policy]\ncommon_doors = [' G']\n[sites.options]"),
            "sites.0.policy.common_doors.0",
        ),
        (
            ("[sites.options]", "[sites.policy]\ncommon_doors = ['G', 'G']\n[sites.options]"),
            "sites.0.policy.common_doors",
        ),
        (
            ("[sites.options]", "[sites.policy]\nmax_flips_per_hour = 0\n[sites.options]"),
            "sites.0.policy.max_flips_per_hour",
        ),
    ],
)
def test_what_is_wrong_is_named_and_its_value_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str], named: str
) -> None:
    monkeypatch.setenv("BLANK", "  ")
    assert change[0] in GOOD
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, GOOD.replace(*change))
    assert caught.value.key == named
    assert "\n" not in str(caught.value)
    assert "too short" not in str(caught.value)


def test_the_rules_of_a_site_are_read(tmp_path: Path) -> None:
    rules = """[sites.policy]
common_doors = ["GATE", "LOBBY"]
common_doors_open = "none_overdue"
early_access_hours = 6
overlap_hours = 48
grace_hours = 1.5
blackout = "22:00-06:30"
max_flips_per_hour = 4
[sites.options]"""
    policy = read(tmp_path, GOOD.replace("[sites.options]", rules)).sites[0].policy.at(ZoneInfo("Europe/London"))
    assert policy == SitePolicy(
        zone=ZoneInfo("Europe/London"),
        common_doors=(TargetId("GATE"), TargetId("LOBBY")),
        common_doors_open=CommonDoorsPolicy.NONE_OVERDUE,
        early_access=timedelta(hours=6),
        overlap=timedelta(hours=48),
        grace=timedelta(minutes=90),
        blackout=Blackout(start=time(22), end=time(6, 30)),
        max_flips=4,
    )
    assert read(tmp_path, GOOD).sites[0].policy.at(ZoneInfo("Europe/London")) == SitePolicy(
        zone=ZoneInfo("Europe/London")
    )


def test_a_site_cannot_be_configured_twice(tmp_path: Path) -> None:
    site = GOOD[GOOD.index("[[sites]]") :]
    with pytest.raises(ConfigurationError, match=r"sites\.1\.id"):
        read(tmp_path, GOOD + site)


def test_a_misspelt_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEBRIDGE__SERVR__PORT", "1")
    with pytest.raises(ConfigurationError, match="GATEBRIDGE__SERVR__PORT"):
        read(tmp_path, GOOD)


def test_a_named_file_that_is_missing_or_broken_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        load(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        read(tmp_path, "[server\nport=1")
