"""A configuration that cannot work is refused when it is read, in one line that names the key."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.generic_http import ADAPTER
from adapters.generic_http.simulation import example
from adapters.generic_http.suite import BY_UNIT
from bridge.catalog import find_adapter
from bridge.domain.capabilities import CodeMaker, SuspendScope
from bridge.settings import from_validation, load
from bridge.telemetry import Metrics
from bridge.wiring import plug_in

DEPLOYED = Path(__file__).parents[3] / "deploy" / "examples" / "generic-http.toml"
EXAMPLES = Path(__file__).parents[3] / "adapters" / "generic_http" / "examples"


def trouble(name: str, changes: str) -> str:
    """Return what an operator is told of the example with these changes."""
    with pytest.raises(ValidationError) as caught:
        ADAPTER.options.model_validate(example(name, changes))
    said = str(from_validation(caught.value, "sites.0.options"))
    assert said.isprintable()
    assert len(said) < 240
    return said


@pytest.mark.parametrize("name", ["people", "units"])
def test_the_examples_are_taken_as_they_are(name: str) -> None:
    ADAPTER.options.model_validate(example(name))


def test_the_adapter_is_found_by_its_name() -> None:
    assert find_adapter("generic_http", key="sites.0.adapter") is ADAPTER


@pytest.mark.parametrize(
    ("name", "changes", "key"),
    [
        ("people", 'url = "http://vendor.example"', "options.url"),
        ("people", 'shape = "list"', "options.shape"),
        ("people", 'sahpe = "person"', "options.sahpe"),
        ("people", 'requests.find = "-"', "requests.find: is missing"),
        ("people", 'requests.remove = "-"', "requests: remove: is missing"),
        ("people", 'requests.find.items = "data..x"', "requests.find.items"),
        ("people", 'person.id = "ids[*]"', "person.id"),
        ("people", 'person = "-"', "person: is needed"),
        ("people", 'person.state = "-"', "person: needs state"),
        ("people", 'person.active = ["blocked"]', "person: has one word for two states"),
        ("people", 'entry.suspended = "-"', "entry.suspended"),
        ("people", 'entry.within = "-"', "entries: either"),
        ("people", 'entry.id = "-"', "entry.id: is needed"),
        ("people", 'entry.target = "-"', "entry.target: is needed"),
        ("people", "capabilities.shows_codes = false", "person.code"),
        ("people", 'capabilities.codes = "made"', "create: must not hold {code}"),
        ("people", "capabilities.code_min_length = 9", "capabilities"),
        ("people", 'capabilities.suspends = "person"', "suspend.path: {entry_id} cannot stand here"),
        ("people", 'requests.create.json.name = "{tenat.name}"', "create.json.name: {tenat.name} cannot stand here"),
        ("people", 'requests.create.json.name = "{tenant.name"', "requests.create.json"),
        ("people", 'requests.create.json.external_ref = "x"', "create: must hold {person.mark}"),
        ("people", 'requests.find.query.external_ref = "{person.key}"', "find: asks by {person.key}, which create"),
        ("people", 'requests.find.method = "DELETE"', "find.method: must be GET or POST"),
        ("people", 'requests.show.method = "DELETE"', "show.method: must be GET or POST"),
        ("people", 'requests.check.method = "PUT"', "check.method: must be GET or POST"),
        ("people", 'requests.update.json.external_ref = ""', "update.json.external_ref: must hold {person.mark}"),
        ("people", "requests.set_code.json.data.external_ref = 0", "set_code.json.data.external_ref: must hold"),
        ("people", 'requests.create.path = "/v2/people/{code}"', "create.path: {code} would be in an address"),
        ("people", 'requests.set_code.query.pin = "{code}"', "set_code.query.pin: {code} would be in an address"),
        ("people", 'requests.find.query.name = "{tenant.name}"', "find.query.name: {tenant.name} cannot stand here"),
        ("people", 'requests.update.query.name = "{tenant.name}"', "update.query.name: {tenant.name} would be"),
        ("people", 'requests.create.headers.X-Pin = "{code}"', "requests.create.headers.X-Pin"),
        ("people", 'headers.X-Pin = "{code}"', "options.headers.X-Pin"),
        ("people", 'requests.create.json.code = "{code|int}"', "create.json.code: {code|int} is no number"),
        ("people", 'requests.update.query.x = "{null}"', "update.query.x: {null} is for"),
        ("people", 'requests.create.form = { a = "b" }', "requests.create: has json and form"),
        ("people", "requests.create.conflict = { status = [401] }", "requests.create.conflict.0.status.0"),
        ("people", 'requests.create.conflict = { words = ["x"], at = "-" }', "requests.create.conflict.0"),
        ("people", 'requests.find.empty = "nothing"', "find.empty"),
        ("people", 'requests.find.paging.next = "-"', "requests.find.paging"),
        ("people", 'requests.find.query.cursor = "1"', "requests.find: names the paging"),
        ("people", 'requests.set_code.json = { pin = "1" }', "set_code: must hold {code}"),
        ("people", 'auth.client_secret = "-"', "auth: client_secret is missing"),
        ("people", 'auth.username = "x"', "auth: username is not for"),
        ("people", 'auth.token_url = "ftp://x"', "auth.token_url"),
        ("units", 'capabilities.codes = "made"', 'capabilities.codes: "made"'),
        ("units", 'capabilities.suspends = "person"', "capabilities.suspends"),
        ("units", 'requests.create = { method = "POST", path = "/" }', "create: is not for"),
        ("units", 'requests.revoke.path = "/visitors/{id}"', "revoke.path: {id} cannot stand here"),
        ("units", 'entry.mark = "-"', "entry.id: id and mark are needed"),
        ("units", 'requests.grant.form.name = "{person.mark}"', "update.form.name: must hold {person.mark}"),
        ("units", 'person = { id = "id", mark = "note" }', "person: is needed where"),
        ("units", BY_UNIT + '\nrequests.list_targets = "-"', "list_targets: is missing"),
        ("units", 'auth.headers.X-Api-Key = "två"', "auth.headers.X-Api-Key"),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(name: str, changes: str, key: str) -> None:
    assert key in trouble(name, changes)


def test_a_code_may_be_in_an_address_where_the_operator_says_that_there_is_no_other_way() -> None:
    changes = 'url_may_hold = ["code"]\nrequests.set_code.query.pin = "{code}"'
    ADAPTER.options.model_validate(example("people", changes))


def test_no_secret_is_in_a_dump_or_an_error() -> None:
    for name in ("people", "units"):
        given = example(name)
        options = ADAPTER.options.model_validate(given)
        secrets = [text for text in given["auth"].get("headers", given["auth"]).values() if "lakeside" in text]
        assert secrets
        told = f"{options!r} {options} {options.model_dump_json()} {ADAPTER.options.model_json_schema()}"
        assert not [secret for secret in secrets if secret in told]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("people", "", (CodeMaker.BRIDGE, SuspendScope.TARGET, True, True)),
        ("people", 'requests.update = "-"', (CodeMaker.BRIDGE, SuspendScope.TARGET, True, False)),
        (
            "units",
            'capabilities.shows_codes = false\nentry.code = "-"',
            (CodeMaker.BRIDGE, SuspendScope.TARGET, False, True),
        ),
    ],
)
def test_what_the_vendor_can_do_follows_the_options(name: str, changes: str, expected: tuple[Any, ...]) -> None:
    told = ADAPTER.capabilities(ADAPTER.options.model_validate(example(name, changes)))
    assert (told.code_maker, told.suspends, told.reads_codes, told.updates_person) == expected


@pytest.mark.anyio
async def test_the_deployed_example_is_both_examples_and_is_plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    sites = tomllib.loads(DEPLOYED.read_text(encoding="utf-8"))["sites"]
    written = [tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")) for name in ("people", "units")]
    assert [site["options"] for site in sites] == written
    for name in ("SG_API_KEY", "SG_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "value-that-is-long-enough")
    for name in ("EXAMPLE_GATE_CLIENT_ID", "EXAMPLE_GATE_CLIENT_SECRET", "EXAMPLE_UNITS_KEY"):
        monkeypatch.setenv(name, "value")
    async with plug_in(load(DEPLOYED), Metrics()) as plugs:
        assert [site.adapter_key for site in plugs.sites.values()] == ["generic_http", "generic_http"]
