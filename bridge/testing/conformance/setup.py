# ruff: noqa: S101 - pytest asserts
"""What an operator meets: options, check, the list of targets, the documents."""

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

import pytest
from pydantic import ValidationError

from bridge.domain.ids import is_safe_target
from bridge.ports.findings import Verdict
from bridge.testing import wire as faults
from bridge.testing.conformance.bench import Bench
from bridge.testing.conformance.suite import GRANTED, Suite
from bridge.testing.simulation import SimulatedClock

RULES = frozenset(
    {
        "imports_sdk_only",
        "options_documented",
        "check_before_use",
        "errors_translated_at_client",
        "idempotent_apply",
        "resumes_from_any_crash",
        "foreign_left_alone",
        "doubles_mended",
        "secrets_have_no_text",
        "recorded_answers",
        "rate_limits",
    }
)
HEADINGS = ("Set-up", "Options")


class SetUpChecks(Suite):
    async def test_check_finds_nothing_wrong_with_a_good_account(self) -> None:
        async with self.bench() as bench:
            before = self._picture(bench)
            findings = await bench.adapter.check()
            assert findings
            assert not [str(finding) for finding in findings if finding.verdict is Verdict.FAILED]
            assert self._picture(bench) == before

    @pytest.mark.parametrize("trouble", ["refused", "down", "away", "garbage"])
    async def test_check_tells_what_is_wrong_and_what_to_do(self, trouble: str) -> None:
        fault = {
            "refused": faults.answers(401, "{}"),
            "down": faults.answers(503, ""),
            "away": faults.refuses_the_connection,
            "garbage": faults.answers(200, "<html>"),
        }[trouble]
        async with self.bench() as bench:
            self.only_if(not hasattr(bench.simulation, "shelf"), "this adapter calls nobody")
            bench.wire.arm(fault, times=None)
            failed = [one for one in await bench.adapter.check() if one.verdict is Verdict.FAILED]
            assert failed
            assert all(finding.advice for finding in failed)

    async def test_the_targets_are_listed(self) -> None:
        async with self.bench() as bench:
            before = self._picture(bench)
            targets = await bench.adapter.targets()
            ids = [target.id for target in targets]
            assert set(bench.simulation.doors) <= set(ids)
            assert len(set(ids)) == len(ids)
            assert all(is_safe_target(target.id) and target.name.isprintable() and target.kind for target in targets)
            assert self._picture(bench) == before

    async def test_looking_changes_nothing(self) -> None:
        async with self.bench() as bench:
            driver = bench.driver()
            await self.wish(bench, driver, GRANTED)
            before = self._picture(bench)
            for ref in (driver.hands.ref, None):
                driver.hands.ref = ref
                await driver.hands.observe()
            assert self._picture(bench) == before

    def test_an_unknown_option_is_refused_by_its_name_only(self) -> None:
        clock = SimulatedClock()
        options = {**self.simulate(clock).options, "not_an_option": "sesame-4821"}
        with pytest.raises(ValidationError, match="not_an_option") as caught:
            self.spec.options.model_validate(options)
        assert "sesame-4821" not in str(caught.value)

    def test_each_needed_option_is_asked_for(self) -> None:
        given = self.simulate(SimulatedClock()).options
        needed = [name for name, field in self.spec.options.model_fields.items() if field.is_required()]
        for name in needed:
            with pytest.raises(ValidationError, match=name):
                self.spec.options.model_validate({key: value for key, value in given.items() if key != name})

    def test_each_option_is_in_the_readme(self) -> None:
        readme = self._readme()
        table = re.findall(r"^\| `([a-z_0-9]+)", readme, flags=re.MULTILINE)
        assert set(self.spec.options.model_fields) <= set(table)
        assert [heading for heading in HEADINGS if f"\n## {heading}" not in readme] == []

    def test_the_quality_file_answers_for_every_rule(self) -> None:
        quality = self.quality()
        assert quality["adapter"] == self.spec.key
        rules = quality["rules"]
        assert set(rules) >= RULES
        for rule, answer in rules.items():
            exempt = isinstance(answer, dict) and answer.get("status") == "exempt" and answer.get("why", "").strip()
            assert answer == "done" or exempt, rule

    def test_the_adapter_imports_the_sdk_only(self) -> None:
        """`suite` and `simulation` may import `bridge.testing` too: they certify, and the bridge never loads them."""
        package = self.spec.suite.rpartition(".")[0]
        outside = [
            f"{name} imports {module}"
            for name, text in _sources(files(package))
            if not name.startswith(("suite", "simulation"))
            for module in _imports(text)
            if module.split(".")[0] == "bridge" and module != "bridge.sdk"
        ]
        assert outside == []

    def test_each_exemption_has_its_reason_and_its_check(self) -> None:
        exempt = self.exemptions()
        assert all(hasattr(self, name) for name in exempt)
        assert all(why.strip() for why in exempt.values())

    def _picture(self, bench: Bench) -> object:
        doors = [bench.simulation.credentials(door) for door in bench.simulation.doors]
        return bench.simulation.made(), doors, bench.simulation.by_hand()

    def _readme(self) -> str:
        return (files(self.spec.suite.rpartition(".")[0]) / "README.md").read_text(encoding="utf-8")


def _sources(folder: Traversable, inside: str = "") -> Iterator[tuple[str, str]]:
    """Yield each Python file below a package by its path, with its text."""
    for one in folder.iterdir():
        if one.is_dir():
            yield from _sources(one, f"{inside}{one.name}/")
        elif one.name.endswith(".py"):
            yield inside + one.name, one.read_text(encoding="utf-8")


def _imports(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
