"""The chain shows what was changed; texts from outside are inert."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import BridgeError, inert
from bridge.domain.ids import is_safe_id, is_safe_target
from bridge.domain.ledger import GENESIS, LedgerEntry, LedgerKind, first_break, link

AT = datetime(2026, 3, 4, tzinfo=UTC)


def chain(count: int) -> list[tuple[LedgerEntry, str]]:
    links, previous = [], GENESIS
    for number in range(count):
        entry = LedgerEntry(kind=LedgerKind.INTENT, at=AT, what="grant", details={"n": str(number)})
        previous = link(previous, entry)
        links.append((entry, previous))
    return links


def test_an_unchanged_chain_holds() -> None:
    assert first_break(chain(5)) is None
    assert first_break([]) is None


@given(place=st.integers(0, 4))
def test_a_changed_a_removed_and_a_moved_row_show(place: int) -> None:
    links = chain(5)
    entry, value = links[place]
    altered = [*links[:place], (replace(entry, what="revoke"), value), *links[place + 1 :]]
    assert first_break(altered) == place
    if place < 4:
        assert first_break(links[:place] + links[place + 1 :]) == place
        swapped = [*links]
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        assert first_break(swapped) == place


@given(st.text())
def test_an_errors_text_is_one_printable_line(text: str) -> None:
    line = str(BridgeError(text))
    assert line.isprintable()
    assert len(line) <= 500


def test_escape_codes_and_direction_marks_do_not_get_through() -> None:
    assert inert("a\x1b[31mred\u202eb\r\nc") == "a [31mred b c"


def test_only_plain_ids_may_enter_a_path() -> None:
    assert is_safe_id("66f1a0c2b7d4e90015c0b210")
    for bad in ("", "a/b", "..", "a b", "a?x=1", "ä", "a" * 65, "a\n", None, 7):
        assert not is_safe_id(bad)
    assert is_safe_target("ZONE2:14 nördlich")
    for bad_target in ("", " A", "A\x00", "x" * 257):
        assert not is_safe_target(bad_target)
