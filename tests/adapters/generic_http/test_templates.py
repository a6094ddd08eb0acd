"""A value never leaves its place, whatever it is."""

import json
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.generic_http.templates import (
    Values,
    check_body,
    parse_path_template,
    parse_text,
    render_body,
    render_path,
    render_text,
)
from bridge.domain.credential import GateCode
from bridge.domain.errors import Rejected

BODY = {
    "name": "{tenant.name}",
    "deep": [{"said": "Dear {tenant.name}: {{braces}}"}, "{null}", "{tenant.email}", 7, True],
    "mail": "{tenant.email}",
}
CLIENT = httpx.AsyncClient(base_url="https://vendor.test/api/")
anything = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    return [_shape(inner) for inner in value] if isinstance(value, list) else type(value)


@settings(deadline=None)
@given(name=anything, mail=anything)
def test_no_text_changes_the_form_of_a_body(name: str, mail: str) -> None:
    plain = render_body(BODY, {"tenant.name": "Mira", "tenant.email": "m@example.org"}, "null")
    filled = render_body(BODY, {"tenant.name": name, "tenant.email": mail}, "null")
    assert _shape(json.loads(json.dumps(filled))) == _shape(plain)
    assert filled["name"] == name
    assert filled["deep"][0]["said"] == f"Dear {name}: {{braces}}"
    assert filled["deep"][1] is None


@settings(deadline=None)
@given(target=anything, id_=anything)
def test_no_text_leaves_its_step_of_a_path(target: str, id_: str) -> None:
    template = "/v1/people/{id}/doors/unit-{target}/on"
    try:
        path = render_path(template, {"id": id_, "target": target})
    except Rejected:
        return
    url = CLIENT.build_request("PUT", path).url
    raw = url.raw_path.decode()
    assert (url.host, url.query, url.fragment) == ("vendor.test", b"", "")
    steps = raw.split("/")
    assert (steps[:4], len(steps)) == (["", "api", "v1", "people"], 8)
    assert [unquote(steps[4]), unquote(steps[6]), steps[7]] == [id_, f"unit-{target}", "on"]


@pytest.mark.parametrize("value", ["", ".", "..", "../x", "a/../b", "..\\x", "a/."])
def test_a_value_that_would_change_the_way_is_rejected(value: str) -> None:
    with pytest.raises(Rejected):
        render_path("/people/{target}", {"target": value})


@settings(deadline=None)
@given(value=anything)
def test_a_query_takes_any_text_as_it_is(value: str) -> None:
    text = render_text("{tenant.name}", {"tenant.name": value})
    request = httpx.Request("GET", "https://vendor.test/", params={"q": text or "", "after": "1"})
    assert [httpx.QueryParams(request.url.query)[name] for name in ("q", "after")] == [value, "1"]


def test_a_leaf_that_is_one_placeholder_keeps_its_type() -> None:
    values: Values = {"id": 17, "target": "42", "code": GateCode("004821")}
    body = {"id": "{id}", "text": "no {id}", "door": "{target}", "number": "{target|int}", "pin": "{code}"}
    filled = render_body(body, values, "null")
    assert filled == {"id": 17, "text": "no 17", "door": "42", "number": 42, "pin": "004821"}


def test_a_number_that_is_none_is_rejected_without_being_told() -> None:
    with pytest.raises(Rejected) as caught:
        render_body({"unit": "{target|int}"}, {"target": "B-014"}, "null")
    assert "B-014" not in str(caught.value)


@pytest.mark.parametrize(
    ("when", "mail"),
    [("null", {"mail": None, "all": [None]}), ("empty", {"mail": "", "all": [""]}), ("omit", {"all": []})],
)
def test_what_a_tenant_does_not_have_is_sent_as_configured(when: str, mail: dict[str, Any]) -> None:
    body = {"mail": "{tenant.email}", "all": ["{tenant.email}"], "end": "{null}"}
    assert render_body(body, {"tenant.email": None}, when) == {**mail, "end": None}


@pytest.mark.parametrize("text", ["{", "}", "{}", "{tenant name}", "{a.b.c}", "{target|float}", "{{x}"])
def test_a_template_that_is_none_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"brace|placeholder"):
        parse_text(text)


@pytest.mark.parametrize(
    "path", ["people", "//host/people", "/a/../b", "/a?b=c", "/a#b", "/a b", "/a%2e", "https://x/", "/./a", "/a\\b"]
)
def test_a_path_that_could_be_something_else_is_refused_when_it_is_read(path: str) -> None:
    with pytest.raises(ValueError, match=r"must begin|holds what"):
        parse_path_template(path)


@pytest.mark.parametrize("body", [{"when": object()}, [float("nan")], {"a": "{"}, [[[[[[[[[[[[[[1]]]]]]]]]]]]]]])
def test_a_body_that_json_cannot_hold_is_refused_when_it_is_read(body: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|brace|nested"):
        check_body(body)
