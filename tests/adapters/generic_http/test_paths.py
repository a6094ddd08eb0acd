"""Where something stands in an answer: found, missing or refused, and never anything else."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.generic_http.paths import MISSING, PathError, as_word, found, many, one, parse_path

ANSWER = {
    "data": {"people": [{"id": 1, "doors": ["a"]}, {"id": 2, "doors": ["b", "c"]}], "none": [], "no": None},
    "a.b": 7,
}
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
names = st.sampled_from(["data", "id", "a", "b", "0"]) | st.text(max_size=4)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=30
)
texts = st.lists(
    st.sampled_from(["data", "id", "a", "b", ".", "[*]", "[0]", "[1]", '["a.b"]', "@", "[", "]", '"', " ", "é"]),
    max_size=8,
).map("".join) | st.text(max_size=20)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("data.people[0].id", 1),
        ('["a.b"]', 7),
        ("data.people[5].id", MISSING),
        ("data.other", MISSING),
        ("data.no", None),
        ("data.no.id", MISSING),
        ("@", ANSWER),
    ],
)
def test_one_thing_is_found_or_missing(text: str, value: Any) -> None:
    assert one(ANSWER, parse_path(text)) == value


def test_each_goes_through_lists_in_order() -> None:
    assert many(ANSWER, parse_path("data.people[*].doors[*]")) == ["a", "b", "c"]


def test_an_empty_list_is_empty_and_a_missing_one_is_an_error() -> None:
    assert many(ANSWER, parse_path("data.none[*]")) == []
    for text in ("data.nome[*]", "nothing[*]", "data.no[*]", "data.people[*].name", "a[*]"):
        with pytest.raises(PathError):
            many(ANSWER, parse_path(text))


def test_a_null_for_a_list_is_empty_where_that_is_configured() -> None:
    assert many(ANSWER, parse_path("data.no[*]"), null_is_empty=True) == []


def test_a_place_without_each_is_one_thing_or_nobody() -> None:
    assert many(ANSWER, parse_path("data.people[0].id")) == [1]
    assert many(ANSWER, parse_path("data.no")) == []


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", "a[", "a[]", "a[-1]", "a[x]", "a b", "[*]b", "a.[0]", "@.a"]
)
def test_what_is_no_path_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_path(text)


def test_a_path_of_many_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="16 steps"):
        parse_path(".".join("a" * 17))


@settings(deadline=None)
@given(document=documents, text=texts)
def test_no_answer_and_no_path_raises_another_error(document: Any, text: str) -> None:
    try:
        path = parse_path(text)
    except ValueError:
        return
    with suppress(PathError):
        many(document, path)
    if not path.is_many:
        with suppress(PathError):
            one(document, path)
    found(document, path)


@settings(deadline=None)
@given(key=st.text(alphabet=st.characters(exclude_characters='"'), min_size=1, max_size=8), value=scalars)
def test_any_name_can_be_written_in_quotes(key: str, value: Any) -> None:
    assume(key.isprintable())
    assert one({key: value}, parse_path(f'["{key}"]')) is value


@pytest.mark.parametrize(
    ("value", "word"),
    [(True, "true"), (False, "false"), (None, "null"), (1, "1"), ("on", "on"), ([], None), ({}, None)],
)
def test_states_are_words(value: Any, word: str | None) -> None:
    assert as_word(value) == word
