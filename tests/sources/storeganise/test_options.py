from typing import Any

import pytest
from pydantic import ValidationError

from bridge.sources.storeganise.options import StoreganiseOptions
from tests.sources.storeganise.platform_wire import OPTIONS, ROOT


def options(**changes: Any) -> StoreganiseOptions:
    return StoreganiseOptions.model_validate({**OPTIONS, **changes})


@pytest.mark.parametrize("tail", ["", "/", "/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/admin", "/api/v1/admin/"])
def test_any_spelling_of_the_base_url_means_the_same_api(tail: str) -> None:
    assert options(base_url=f"https://lakesidebox.storeganise.com{tail}").base_url == ROOT


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("HTTPS://LakesideBox.Storeganise.com:443/api", ROOT),
        ("http://127.0.0.1:9001", "http://127.0.0.1:9001/api/"),
        ("http://localhost:9001/platform/api/v1", "http://localhost:9001/platform/api/"),
    ],
)
def test_a_base_url_is_normalised(given: str, meant: str) -> None:
    assert options(base_url=given).base_url == meant


@pytest.mark.parametrize(
    "url", ["http://lakesidebox.storeganise.com", "lakesidebox", "", "ftp://x.example", "https://u:p@x.example"]
)
def test_a_base_url_that_could_leak_a_key_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="base_url"):
        options(base_url=url)


@pytest.mark.parametrize("secrets", [[], [""], ["  "], ["good", ""]])
def test_a_blank_webhook_secret_is_refused(secrets: list[str]) -> None:
    with pytest.raises(ValidationError, match="webhook_secrets"):
        options(webhook_secrets=secrets)


def test_missing_webhook_secrets_are_refused() -> None:
    with pytest.raises(ValidationError, match="webhook_secrets"):
        StoreganiseOptions.model_validate({"base_url": ROOT, "api_key": "key"})


def test_one_key_of_either_kind_is_needed() -> None:
    with pytest.raises(ValidationError, match="api_key or addon_key"):
        StoreganiseOptions.model_validate({"base_url": ROOT, "webhook_secrets": ["secret"]})
    addon_only = StoreganiseOptions.model_validate({"base_url": ROOT, "webhook_secrets": ["s"], "addon_key": "key"})
    assert addon_only.addon_key is not None


@pytest.mark.parametrize("key", ["", " ", "two words", "line\nbreak", "schl\u00fcssel"])
def test_a_key_that_cannot_travel_in_a_header_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="api_key"):
        options(api_key=key)


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="api_kee"):
        options(api_kee="x")


def test_no_secret_shows_in_options_or_in_their_errors() -> None:
    assert "sgk-4711" not in repr(options()) + str(options()) + options().model_dump_json()
    with pytest.raises(ValidationError) as caught:
        options(api_key="sgk-4711\n")
    assert "4711" not in str(caught.value)


def test_what_becomes_of_tasks_is_one_of_two_words() -> None:
    assert (options().close_tasks, options(close_tasks="leave").close_tasks) == ("complete_steps", "leave")
    with pytest.raises(ValidationError, match="close_tasks"):
        options(close_tasks="delete")
