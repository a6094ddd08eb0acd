"""What a vendor cannot do is told in sentences."""

import pytest

from bridge.domain.capabilities import Capabilities, CodeMaker, SuspendScope
from bridge.domain.credential import CodeRules


def test_a_vendor_without_limits_has_no_consequences() -> None:
    assert Capabilities(code_rules=CodeRules()).consequences() == ()


@pytest.mark.parametrize(
    ("limit", "word"),
    [
        ({"code_maker": CodeMaker.VENDOR}, "refused"),
        ({"reads_codes": False}, "not noticed"),
        ({"suspends": SuspendScope.PERSON}, "taken away"),
        ({"one_occupant": True}, "the next one waits"),
        ({"updates_person": False}, "stay as they were"),
    ],
)
def test_each_limit_has_one(limit: dict[str, object], word: str) -> None:
    (sentence,) = Capabilities(code_rules=CodeRules(), **limit).consequences()  # type: ignore[arg-type]  # one at a time
    assert word in sentence
