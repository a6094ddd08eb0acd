"""What `gatebridge check` tells of an access system before anybody depends on it."""

from typing import Any

import pytest

from adapters.seam_acs.simulation import Brand
from bridge.ports.findings import Verdict
from bridge.testing.wire import answers
from tests.adapters.seam_acs.rig import retold, rig, told, verdicts

pytestmark = pytest.mark.anyio
OK, WARNING, FAILED = Verdict.OK, Verdict.WARNING, Verdict.FAILED


async def test_a_good_account_is_told_by_its_name() -> None:
    async with rig() as bench:
        assert await verdicts(bench) == [(OK, "answers; Lakeside (brivo_account) has 3 groups for units")]


async def test_another_system_s_id_is_told() -> None:
    async with rig() as bench:
        bench.options = bench.options.model_copy(update={"acs_system_id": "another"})
        bench.open()
        ((verdict, text),) = await verdicts(bench)
        assert (verdict, "acs_system_not_found" in text) == (FAILED, True)


async def test_pti_behind_this_adapter_is_warned_of() -> None:
    async with rig(Brand(external_type="pti_site")) as bench:
        assert [(verdict, "PTI" in text) for verdict, text in (await verdicts(bench))[1:]] == [(WARNING, True)]


async def test_what_seam_reports_of_the_system_is_told() -> None:
    def disconnected(body: dict[str, Any]) -> None:
        body["acs_system"]["errors"] = [{"error_code": "acs_system_disconnected"}]

    async with rig() as bench:
        bench.wire.arm(retold("/acs/systems/get", disconnected), times=None)
        assert (FAILED, "Seam reports acs_system_disconnected") in await verdicts(bench)


async def test_names_that_are_not_one_units_are_warned_of() -> None:
    async with rig(by_name=True, targets="name") as bench:
        told(bench).add_group("A-101")
        assert [verdict for verdict, _ in await verdicts(bench)] == [OK, WARNING]


@pytest.mark.parametrize("masks", [False, True])
async def test_codes_that_are_shown_otherwise_than_configured_are_warned_of(masks: bool) -> None:  # noqa: FBT001 - pytest
    async with rig(Brand(masks_codes=masks), shows_codes=masks) as bench:
        assert [verdict for verdict, _ in await verdicts(bench)] == [OK]
        told(bench).add_by_hand("713964", bench.simulation.doors[0])
        assert [verdict for verdict, _ in await verdicts(bench)] == [OK, WARNING]


async def test_an_unknown_way_of_saying_nobody_is_told_before_it_matters() -> None:
    async with rig() as bench:
        await bench.adapter.check()
        at = [request.url.path for request in bench.wire.requests].index("/user_identities/get")
        bench.wire.arm(answers(400, '{"error": {"type": "invalid_input", "message": "?"}, "ok": false}'), at=at)
        assert [verdict for verdict, _ in await verdicts(bench)] == [OK, FAILED]
