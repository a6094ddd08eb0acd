"""What others say of a tenant is fit for an error once it is blotted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.tenancy import Tenant
from bridge.outbound.discretion import blotted, private_words, words_of

MIRA = private_words(Tenant(name="Mira Okafor-Lind", email="mira@okafor.example", phone="+44 20 7946 0958"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name Mira Okafor is taken", "name # # is taken"),
        ("MIRA", "#"),
        ("duplicate: Oka", "duplicate: #"),
        ("code 048213 in use", "code # in use"),
        ("code 04-82 13", "code #"),
        ("mira@okafor.example", "#@#.#"),
        ("unit B-014 is rented", "unit B-014 is rented"),
        ("line\r\nbreak", "line break"),
        ("user MiraOkafor exists", "user ## exists"),
        ("mira_okafor", "#_#"),
        ("xOkaforx", "x#x"),
    ],
)
def test_names_addresses_and_codes_are_masked_and_the_rest_is_told(text: str, told: str) -> None:
    assert blotted(text, MIRA) == told


@given(name=st.text(min_size=1), around=st.text())
def test_no_word_of_a_name_is_told_whatever_stands_around_it(name: str, around: str) -> None:
    told = words_of(blotted(f"{around} {name}", private_words(Tenant(name=name)), limit=10_000))
    assert told & words_of(name) == set()


def test_a_name_in_a_script_without_blanks_is_masked_inside_of_a_sentence() -> None:
    assert blotted("李明已存在", private_words(Tenant(name="李明"))) == "#已存在"
    assert "明" not in blotted("李明已存在", private_words(Tenant(name="李 明")))


def test_a_long_text_is_cut() -> None:
    assert len(blotted("x " * 500, MIRA)) <= 160
