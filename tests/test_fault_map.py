"""The map of faults to tests is whole and true."""

import re
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
GROUPS = {
    "signature_and_authentication": ("S", 26),
    "transport_and_parsing": ("T", 21),
    "dedupe_ordering_replay": ("D", 13),
    "durability_and_crash": ("C", 14),
    "operations_time_and_load": ("O", 15),
    "vendor_faults": ("V", 22),
    "reconcile_plan_and_guards": ("R", 25),
    "access_semantics_and_safety": ("A", 17),
}


def test_every_case_is_shown_by_tests_that_exist_or_says_why_not() -> None:
    tests = {
        name
        for file in HERE.rglob("test_*.py")
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    cases = tomllib.loads((HERE / "faults.toml").read_text(encoding="utf-8"))
    assert list(cases) == list(GROUPS)
    for group, (letter, count) in GROUPS.items():
        assert list(cases[group]) == [f"{letter}{number:02}" for number in range(1, count + 1)]
    for group in cases:
        for case, shown in cases[group].items():
            named = shown if isinstance(shown, list) else re.findall(r"test_\w+", shown)
            assert shown, case
            assert set(named) <= tests, f"{case} names a test that is not there: {set(named) - tests}"
