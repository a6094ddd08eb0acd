"""Codes: what is refused, what is kept, and that none has a string form."""

import pickle
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.credential import CodeMemory, CodeRefusal, CodeRules, GateCode, Secret, choose_code
from bridge.domain.ids import RentalId

RULES = CodeRules()
R1, R2 = RentalId("r1"), RentalId("r2")


@pytest.mark.parametrize("secret", [Secret("hunter2-long"), GateCode("482913")])
def test_a_secret_has_no_string_form(secret: Secret) -> None:
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>40}",
        repr([secret]),
        repr({"a": secret}),
    ]
    assert not any(secret.reveal() in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)


def test_secrets_compare_by_their_text() -> None:
    assert GateCode("012345") == GateCode("012345")
    assert GateCode("012345") != GateCode("12345")
    assert GateCode("012345") != "012345"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("482913", None),
        ("002913", None),
        ("48291", CodeRefusal.LENGTH),
        ("4829137", CodeRefusal.LENGTH),
        ("", CodeRefusal.LENGTH),
        ("48291a", CodeRefusal.ALPHABET),
        ("４８２９１３", CodeRefusal.ALPHABET),  # noqa: RUF001 - full-width digits are not the keypad's
        ("777777", CodeRefusal.REPEATED),
        ("123456", CodeRefusal.SEQUENTIAL),
        ("654321", CodeRefusal.SEQUENTIAL),
        ("890123", CodeRefusal.SEQUENTIAL),
        ("900123", CodeRefusal.GUESSABLE),
        ("000014", CodeRefusal.GUESSABLE),
    ],
)
def test_what_is_refused_as_a_code(text: str, refusal: CodeRefusal | None) -> None:
    assert RULES.refusal(GateCode(text), ("+44 7700 900123", "B-014")) == refusal


@given(seed=st.integers(), phone=st.text(max_size=20))
def test_a_made_code_is_never_one_that_would_be_refused(seed: int, phone: str) -> None:
    code = RULES.make(random.Random(seed).choice, (phone,))
    assert RULES.refusal(code, (phone,)) is None


def test_a_code_may_not_begin_with_a_digit_that_the_vendor_loses() -> None:
    numbers = CodeRules(min_length=4, not_at_start=("0", "12"))
    codes = ("048213", "1282", "482013", "130013")
    refusals = [numbers.refusal(GateCode(text)) for text in codes]
    assert refusals == [CodeRefusal.ALPHABET, CodeRefusal.ALPHABET, None, None]


@given(seed=st.integers(), length=st.integers(min_value=3, max_value=10))
def test_a_made_code_begins_as_it_may(seed: int, length: int) -> None:
    numbers = CodeRules(min_length=length, max_length=length, not_at_start=("0", "12"))
    code = numbers.make(random.Random(seed).choice)
    assert not code.reveal().startswith(("0", "12"))
    assert numbers.refusal(code) is None


def test_the_code_in_force_stays() -> None:
    memory = CodeMemory(current=GateCode("482913"))
    assert choose_code([(R1, GateCode("482913"))], memory, RULES).code == GateCode("482913")
    assert choose_code([], memory, RULES).code == GateCode("482913")


def test_a_code_that_staff_typed_is_honoured() -> None:
    choice = choose_code([(R1, GateCode("771204"))], CodeMemory(current=GateCode("482913")), RULES)
    assert choice.code == GateCode("771204")
    assert choice.adopted_from == R1


def test_a_bad_code_that_staff_typed_leaves_the_code_in_force_and_is_told() -> None:
    choice = choose_code([(R1, GateCode("1234"))], CodeMemory(current=GateCode("482913")), RULES)
    assert choice.code == GateCode("482913")
    assert [(refused.rental, refused.refusal) for refused in choice.refused] == [(R1, CodeRefusal.LENGTH)]


def test_a_stale_copy_of_an_earlier_code_is_no_order_from_staff() -> None:
    memory = CodeMemory(current=GateCode("482913"), earlier=(GateCode("771204"),))
    choice = choose_code([(R1, GateCode("771204")), (R2, GateCode("482913"))], memory, RULES)
    assert choice.code == GateCode("482913")
    assert choice.adopted_from is None
    assert choice.refused == ()


def test_without_any_code_one_must_be_made() -> None:
    assert choose_code([], CodeMemory(), RULES).code is None
