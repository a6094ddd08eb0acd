import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.verification.body import MAX_DEPTH, MAX_NUMBER_LENGTH, UnreadableBody, read_json_object

SCALARS = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(SCALARS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)
OBJECTS = st.dictionaries(TEXTS, VALUES)
NOISE = st.text(alphabet='[]{}",:\\u0dD89e.-NaItrue \n', max_size=300).map(str.encode)


def nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def why(body: bytes) -> str:
    with pytest.raises(UnreadableBody) as caught:
        read_json_object(body)
    return caught.value.why


@settings(deadline=None, max_examples=50)
@given(OBJECTS)
def test_any_ordinary_object_is_read_as_it_is(value: dict[str, Any]) -> None:
    assert read_json_object(json.dumps(value).encode()) == value
    assert read_json_object(json.dumps(value, ensure_ascii=False).encode()) == value


@settings(deadline=None)
@given(st.binary(max_size=300) | NOISE)
def test_nothing_but_unreadable_body_is_ever_raised(body: bytes) -> None:
    try:
        value = read_json_object(body)
    except UnreadableBody:
        return
    assert isinstance(value, dict)


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"true", b"1.5"])
def test_anything_but_an_object_is_refused(body: bytes) -> None:
    assert "no object" in why(body)


@pytest.mark.parametrize("body", [b"", b"  \n\t"])
def test_an_empty_body_is_refused(body: bytes) -> None:
    assert "empty" in why(body)


@pytest.mark.parametrize("body", [b"{", b"{'a': 1}", b'{"a": 1} {"b": 2}', b"<xml/>", b"a=1&b=2", b'{"a": 01}'])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    assert "not JSON" in why(body)


def test_a_byte_order_mark_is_refused() -> None:
    assert "byte order mark" in why(b'\xef\xbb\xbf{"id": "1"}')


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', '{"a": 1}'.encode("utf-16"), b'{"a": "\xed\xa0\x80"}'])
def test_another_encoding_than_utf_8_is_refused(body: bytes) -> None:
    assert "UTF-8" in why(body)


@pytest.mark.parametrize("word", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"])
def test_a_number_that_is_none_is_refused(word: bytes) -> None:
    why(b'{"a": %b}' % word)


@pytest.mark.parametrize("number", [b"9" * 5000, b"0." + b"1" * 5000, b"-" + b"9" * MAX_NUMBER_LENGTH])
def test_an_endless_number_is_refused(number: bytes) -> None:
    assert "too long" in why(b'{"a": %b}' % number)


@pytest.mark.parametrize("half", [b"\\ud800", b"\\uDFFF", b"\\udc00\\ud800"])
def test_half_of_a_surrogate_pair_is_refused(half: bytes) -> None:
    assert "surrogate" in why(b'{"a": "%b"}' % half)
    assert "surrogate" in why(b'{"%b": 1}' % half)


def test_a_whole_surrogate_pair_and_an_escaped_backslash_are_fine() -> None:
    assert read_json_object(b'{"a": "\\ud83d\\ude00", "b": "\\\\ud800"}') == {"a": "\U0001f600", "b": "\\ud800"}


def test_the_deepest_allowed_body_is_read() -> None:
    assert read_json_object(nested(MAX_DEPTH))


def test_one_level_more_is_refused() -> None:
    assert "deeper" in why(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize("level", [(b"[[],", b"]"), (b'{"b":{},"a":', b"}"), (b'[{"b":[]},', b"]")])
def test_depth_is_counted_exactly_through_siblings_of_both_kinds(level: tuple[bytes, bytes]) -> None:
    opening, closing = level
    siblings = 2 if opening.count(b"[") + opening.count(b"{") == 3 else 1

    def body(depth: int) -> bytes:
        levels = depth - 1 - siblings
        return b'{"a":%b1%b}' % (opening * levels, closing * levels)

    assert read_json_object(body(MAX_DEPTH))
    assert "deeper" in why(body(MAX_DEPTH + 1))


def test_many_brackets_side_by_side_are_no_depth() -> None:
    body = b'{"a": [%b]}' % b",".join([b"[]"] * 5000)
    assert len(read_json_object(body)["a"]) == 5000


@pytest.mark.parametrize("text", ["[" * 1000, '\\"' + "{" * 1000, '"' * 3 + "[" * 1000, "\\" * 3 + "[" * 1000])
def test_brackets_inside_of_strings_are_no_depth(text: str) -> None:
    assert read_json_object(json.dumps({"a": text, text: "b"}).encode())["a"] == text


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b"[" * 500_000 + b"]" * 500_000,
        b"[]" * 500_000,
        b"[" * 100 + b'""' * 450_000,
        b"[" * 100 + b'"' + b'\\"' * 450_000,
        b"[[]" * 300_000,
    ],
    ids=["open", "objects", "nested", "pairs", "strings", "escaped quotes", "staircase"],
)
def test_a_hostile_megabyte_is_refused_in_bounded_time(body: bytes) -> None:
    began = time.perf_counter()
    why(body)
    assert time.perf_counter() - began < 5.0


def test_an_error_repeats_nothing_of_the_body() -> None:
    for body in (b'{"secret-4711": NaN}', b'{"secret-4711": "\\ud800"}', b'{"secret-4711"', b'["secret-4711"]'):
        assert "4711" not in why(body)
