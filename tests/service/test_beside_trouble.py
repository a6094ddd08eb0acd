"""What went wrong once, or nearly: doors beside trouble, and subjects beside each other."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.domain.ids import TargetId
from bridge.domain.policy import OverduePolicy, SitePolicy
from bridge.sandbox.gate import GateKind, GateSettings
from bridge.sandbox.gate.kind import Suspends
from tests.service.building import ZONE, open_house
from tests.service.hilltop import ALL_UNITS, HILLTOP, UNITS, open_two_sites
from tests.service.house import JONAS, MIRA, House

pytestmark = pytest.mark.anyio
Spoil = Callable[[httpx.Request, Any], Any]


def moved(house: House, rental: str, unit: str = "H-001") -> str:
    return house.world.transfer(rental, ALL_UNITS[unit]).id


def gone(*rentals: str) -> Spoil:
    """The platform does not know these rentals any more."""

    def spoil(request: httpx.Request, answer: Any) -> Any:
        if isinstance(answer, list):
            return [row for row in answer if not (isinstance(row, dict) and row.get("id") in rentals)]
        if request.method == "GET" and request.url.path.split("/")[-1] in rentals:
            return {"error": {"type": "not_found"}}
        return answer

    return spoil


class TestTwoSubjectsComeToRest:
    async def test_a_chain_of_transfers_that_comes_back(self, tmp_path: Path) -> None:
        async with open_two_sites(tmp_path, overlap=timedelta(hours=24)) as house:
            first = house.move_in("B-014")
            await house.settle()
            second = moved(house, first)
            await house.settle()
            await house.later(hours=1)
            moved(house, second, "B-021")
            await house.settle()

    async def test_a_swap_whose_removals_fail(self, tmp_path: Path) -> None:
        async with open_two_sites(tmp_path) as house:
            here, there = house.move_in("B-014"), house.world.move_in(MIRA, UNITS["H-001"]).id
            await house.settle()
            await house.fault_gate(kind="fail", method="DELETE", count=None)
            moved(house, here, "H-002")
            moved(house, there, "B-021")
            await house.settle()


class TestOverlap:
    async def test_a_late_word_of_a_transfer_opens_nothing_again(self, tmp_path: Path) -> None:
        async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, overlap=timedelta(hours=24))) as house:
            old = house.move_in("B-014")
            await house.settle()
            code = house.code(old)
            house.transfer(old, "B-021")
            late = house.take_told()
            await house.sweep()
            await house.later(minutes=30)
            assert await house.keypad("B-014", code) != "ok"
            await house.later(days=10)
            await house.deliver(late)
            await house.settle()
            assert await house.keypad("B-014", code) != "ok"

    @pytest.mark.parametrize("what", ["moves out", "is locked", "owes"])
    async def test_it_ends_when_the_new_rental(self, tmp_path: Path, what: str) -> None:
        policy = SitePolicy(zone=ZONE, overlap=timedelta(hours=72), common_doors=(TargetId("GATE"),))
        async with open_house(tmp_path, policy=policy) as house:
            old = house.move_in("B-014")
            await house.settle()
            code = house.code(old)
            new = house.transfer(old, "B-021")
            await house.settle()
            assert await house.keypad("B-014", code) == "ok"
            await house.later(hours=1)
            if what == "moves out":
                house.move_out(new)
            elif what == "is locked":
                house.edit(new, overlocked=True)
            else:
                house.world.mark_overdue(new)
            await house.settle()
            assert "ok" not in [await house.keypad(door, code) for door in ("B-014", "GATE", "B-021")]

    async def test_a_list_that_leaves_out_the_units_fields_changes_nothing(self, tmp_path: Path) -> None:
        def bare(row: Any) -> Any:
            if isinstance(row, dict) and isinstance(row.get("unit"), dict):
                return {**row, "unit": {name: value for name, value in row["unit"].items() if name != "customFields"}}
            return row

        async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, overlap=timedelta(hours=24))) as house:
            house.platform.spoil = lambda _, told: [bare(row) for row in told] if isinstance(told, list) else bare(told)
            old = house.move_in("B-014")
            await house.settle()
            house.transfer(old, "B-021")
            await house.settle()
            assert house.status(old) == "granted"
            assert house.tasks() == []


async def test_grace_counts_from_the_last_marking_though_the_payment_was_never_heard_of(tmp_path: Path) -> None:
    async with open_house(tmp_path, policy=SitePolicy(zone=ZONE, grace=timedelta(hours=72))) as house:
        rental = house.move_in("B-014")
        await house.settle()
        house.world.mark_overdue(rental)
        await house.settle()
        await house.later(hours=20)
        house.world.pay(rental)
        house.take_told()
        house.clock.advance(days=10)
        house.world.mark_overdue(rental)
        await house.settle()
        assert await house.keypad("B-014", house.code(rental)) == "ok"


class TestAFieldThatNobodyCanRead:
    @pytest.mark.parametrize("field", [{"overdueUntil": "next week"}, {"overlocked": "yes"}])
    @pytest.mark.parametrize("is_over", [True, False])
    async def test_it_does_not_keep_the_tenants_other_doors(
        self, house: House, field: dict[str, str], *, is_over: bool
    ) -> None:
        leaving, other = house.move_in("B-014"), house.move_in("B-021")
        await house.settle()
        code = house.code(leaving)
        if is_over:
            house.move_out(other)
            await house.settle()
        house.edit(other, **field)
        await house.settle()
        house.move_out(leaving)
        await house.settle()
        assert await house.keypad("B-014", code) != "ok"
        assert house.open_tasks() == ([] if is_over else ["Gate access: a rental of this unit cannot be read"])


class TestAcrossSites:
    async def test_a_lock_is_kept_when_the_old_rental_cannot_be_read(self, tmp_path: Path) -> None:
        async with open_two_sites(tmp_path) as house:
            old = house.move_in("B-014")
            await house.settle()
            house.edit(old, overlocked=True)
            await house.settle()
            new = moved(house, old)
            await house.deliver()
            await house.resolve_due()
            house.platform.spoil = gone(old)
            await house.settle()
            await house.later(minutes=5)
            assert await house.keypad("H-001", house.code(new), HILLTOP) != "ok"

    async def test_an_old_rental_that_is_not_answered_for_does_not_stop_the_new_site(self, tmp_path: Path) -> None:
        async with open_two_sites(tmp_path) as house:
            old = house.move_in("B-014")
            await house.settle()
            new = moved(house, old)
            await house.deliver()
            await house.resolve_due()

            def spoil(request: httpx.Request, answer: Any) -> Any:
                if request.method == "GET" and request.url.path.endswith(f"unit-rentals/{old}"):
                    raise httpx.ReadTimeout("no", request=request)
                return answer

            house.platform.spoil = spoil
            await house.settle()
            await house.later(minutes=15)
            assert await house.keypad("H-001", house.code(new), HILLTOP) == "ok"


class TestARentalThatIsGone:
    async def test_its_debt_is_believed_to_last(self, tmp_path: Path) -> None:
        async with open_house(tmp_path, overdue=OverduePolicy.TENANT) as house:
            owing, other = house.move_in("B-014"), house.move_in("B-021")
            await house.settle()
            house.world.mark_overdue(owing)
            await house.settle()
            house.platform.spoil = gone(owing)
            await house.sweep()
            assert await house.keypad("B-021", house.code(other)) == "suspended"

    async def test_its_lock_leaves_the_next_rental_unclear(self, house: House) -> None:
        old = house.move_in("B-014")
        await house.settle()
        house.edit(old, overlocked=True)
        await house.settle()
        new = house.transfer(old, "B-021")
        told = [event for event in house.take_told() if "transfer" not in str(event.type).lower()]
        await house.deliver(told)
        await house.resolve_due()
        house.platform.spoil = gone(old)
        await house.settle()
        await house.sweep()
        assert house.status(new) == "pending: transfer_unclear"
        assert await house.keypad("B-021", house.code(new)) != "ok"

    async def test_its_door_is_closed_when_its_unit_is_let_again(self, house: House) -> None:
        old = house.move_in("B-014")
        await house.settle()
        code = house.code(old)
        house.move_out(old)
        house.take_told()
        house.platform.spoil = gone(old)
        new = house.move_in("B-014", JONAS)
        await house.settle()
        await house.sweep()
        assert await house.keypad("B-014", code) != "ok"
        assert await house.keypad("B-014", house.code(new)) == "ok"

    async def test_a_paid_rental_beside_it_opens_where_the_vendor_has_one_switch(self, tmp_path: Path) -> None:
        async with open_house(tmp_path, gate=GateSettings(kind=GateKind(suspends=Suspends.PERSON))) as house:
            lost, paid = house.move_in("B-014"), house.move_in("B-021")
            await house.settle()
            for rental in (lost, paid):
                house.world.mark_overdue(rental)
            await house.settle()
            code = house.code(paid)
            house.platform.spoil = gone(lost)
            house.world.pay(paid)
            await house.settle()
            assert await house.keypad("B-021", code) == "ok"
            assert await house.keypad("B-014", code) != "ok"


async def test_a_grant_that_lands_late_is_ours_to_close(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = house.move_in("B-021")
    await house.settle()
    code = house.code(kept)
    sent: list[tuple[httpx.Request, bytes]] = []
    inner = house.gate.handle_async_request

    async def stalled(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and "B-014" in request.url.path:
            sent.append((request, await request.aread()))
            raise httpx.ReadTimeout("no answer", request=request)
        return await inner(request)

    monkeypatch.setattr(house.gate, "handle_async_request", stalled)
    new = house.move_in("B-014")
    await house.settle()
    house.move_out(new)
    await house.settle()
    monkeypatch.undo()
    ((request, body),) = sent
    await inner(httpx.Request(request.method, request.url, headers=request.headers, content=body))
    assert await house.keypad("B-014", code) == "ok"
    await house.sweep()
    assert await house.keypad("B-014", code) != "ok"


@pytest.mark.parametrize("is_chain", [True, False])
async def test_the_first_door_of_a_chain_waits_for_the_last(house: House, *, is_chain: bool) -> None:
    first = house.move_in("B-014")
    await house.settle()
    code = house.code(first)
    second = house.transfer(first, "B-021")
    if is_chain:
        house.transfer(second, "B-027")
    await house.fault_gate(kind="fail", method="PUT", path="B-027" if is_chain else "B-021", status=503, count=None)
    await house.settle()
    await house.later(minutes=5)
    assert await house.keypad("B-014", code) == "ok"


async def test_an_earlier_tenant_is_looked_at_though_the_run_that_let_the_new_one_in_ended_badly(house: House) -> None:
    old = house.move_in("B-014")
    await house.settle()
    code = house.code(old)
    house.move_out(old)
    house.take_told()
    new = house.move_in("B-014", JONAS)
    await house.deliver()
    await house.resolve_due()
    spoilt: list[str] = []

    def spoil(request: httpx.Request, answer: Any) -> Any:
        spoilt.extend(["put"] if request.method == "PUT" else [])
        if request.method == "GET" and spoilt == ["put"]:
            spoilt.append("get")
            return {"garbage": True}
        return answer

    house.gate.spoil = spoil
    await house.settle()
    house.gate.spoil = None
    await house.later(minutes=30)
    assert spoilt[:2] == ["put", "get"]
    assert await house.keypad("B-014", house.code(new)) == "ok"
    assert await house.keypad("B-014", code) != "ok"
