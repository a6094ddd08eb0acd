"""What an operator meets: options, `check` and the list of locks."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.seam.options import SeamCodesOptions
from adapters.seam.simulation import DOORS, RELAY
from bridge.ports.findings import Verdict
from bridge.testing import wire as faults
from tests.adapters.seam.rig import workspace

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "options",
    [
        {"code_length": 3},
        {"code_length": 10},
        {"digits": "0011223344"},
        {"digits": "123"},
        {"digits": "12345a"},
        {"url": "http://connect.getseam.com"},
        {"workspace": "a b"},
        {"api_key": " "},
        {"suspend": "end_now"},
    ],
)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SeamCodesOptions.model_validate({"api_key": "seam_key", **options})


async def test_the_locks_are_listed_without_those_that_take_no_codes() -> None:
    async with workspace() as (bench, _):
        targets = await bench.adapter.targets()
        assert [(one.id, one.name, one.kind) for one in targets] == [(d.id, d.name, "schlage_lock") for d in DOORS]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"online": False}, "offline: Unit B-014"),
        ({"errors": ("hub_disconnected",)}, "with errors at Seam: Unit B-014"),
        ({"code_lengths": (4, 8)}, "no codes of 6 digits: Unit B-014"),
        ({"constraints": ("no_zeros",)}, "refuse some digits: Unit B-014"),
        ({"constraints": ("cannot_specify_pin_code",)}, "choose their codes themselves: Unit B-014"),
        ({}, "over the air: Barrier"),
    ],
)
async def test_check_names_the_locks_that_stand_in_the_way(change: dict[str, Any], told: str) -> None:
    async with workspace() as (bench, seam):
        for name, value in change.items():
            setattr(seam.locks[DOORS[0].id], name, value)
        warnings = [one for one in await bench.adapter.check() if one.verdict is Verdict.WARNING]
        assert [one for one in warnings if one.text.endswith(told) and one.advice]


async def test_check_finds_nothing_about_a_workspace_without_fault() -> None:
    async with workspace() as (bench, seam):
        seam.locks[RELAY.id].takes_codes = True
        findings = await bench.adapter.check()
        assert [one.verdict for one in findings] == [Verdict.OK]
        assert "Lakeside Storage" in findings[0].text


@pytest.mark.parametrize(("status", "type_"), [(401, "unauthorized"), (400, "missing_workspace_id")])
async def test_check_says_when_it_is_the_key(status: int, type_: str) -> None:
    async with workspace() as (bench, _):
        bench.wire.arm(faults.answers(status, json.dumps({"error": {"type": type_, "message": ""}, "ok": False})))
        (finding,) = await bench.adapter.check()
        assert (finding.verdict, "options.api_key" in finding.advice) == (Verdict.FAILED, True)
