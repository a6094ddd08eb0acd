"""What comes from outside does nothing in a terminal."""

import pytest

from bridge.cli.output import moment, print_table, say, say_error


def test_a_hostile_cell_is_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [("\x1b[31mred\u202e", "[bold]loud[/] :boom: \r\nnext")], empty="-")
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "[bold]loud[/] :boom: next" in said


def test_an_empty_table_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a",), [], empty="No [deliveries].")
    assert capsys.readouterr().out == "No [deliveries].\n"


def test_a_line_to_copy_is_never_broken(capsys: pytest.CaptureFixture[str]) -> None:
    say("x" * 500 + " [red]")
    assert capsys.readouterr().out == "x" * 500 + " [red]\n"


def test_an_error_is_one_inert_line(capsys: pytest.CaptureFixture[str]) -> None:
    say_error("bad\nworse\x1b[2J")
    assert capsys.readouterr().err == "gatebridge: bad worse [2J\n"


def test_a_moment_is_read_to_the_second() -> None:
    assert moment("2026-03-04T12:00:07.412345Z") == "2026-03-04 12:00:07"
    assert moment(None) == "-"
