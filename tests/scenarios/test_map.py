"""The map of scenarios is whole and true."""

import re
import tomllib
from pathlib import Path

from tests.scenarios.story import read

HERE = Path(__file__).parent
IDS = {
    "scenarios": [f"S{number}" for number in range(1, 65)],
    "access_semantics": [f"A{number:02}" for number in range(1, 18)],
}


def covered() -> set[str]:
    return {name for path in HERE.glob("*/*.toml") for name in read(path).covers}


def test_every_scenario_has_a_file_or_says_where_it_is_shown() -> None:
    elsewhere, shown_here = tomllib.loads((HERE / "elsewhere.toml").read_text(encoding="utf-8")), covered()
    for group, ids in IDS.items():
        assert [name for name in ids if name not in shown_here and name not in elsewhere[group]] == []
        assert set(elsewhere[group]) <= set(ids)
    assert shown_here <= {name for ids in IDS.values() for name in ids}


def test_the_tests_that_show_the_others_exist() -> None:
    tests = {
        name
        for file in HERE.parent.rglob("test_*.py")
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    elsewhere = tomllib.loads((HERE / "elsewhere.toml").read_text(encoding="utf-8"))
    for group in elsewhere.values():
        for name, shown in group.items():
            named = shown if isinstance(shown, list) else re.findall(r"test_\w+", shown)
            assert shown, name
            assert set(named) <= tests, f"{name} names a test that is not there: {set(named) - tests}"


def test_a_files_name_begins_with_an_id_that_it_covers_or_with_no_id() -> None:
    for path in HERE.glob("*/*.toml"):
        if found := re.match(r"(s\d+|a\d\d)_", path.stem):
            assert found[1].upper().replace("S0", "S") in read(path).covers, path.name


def test_no_two_files_have_one_name() -> None:
    names = [path.stem for path in HERE.glob("*/*.toml")]
    assert len(names) == len(set(names))
