"""Closing a task for staff: read first, complete what is open, and touch nothing that is no task."""

import json
from typing import Any

import httpx
import pytest

from bridge.domain.errors import Anomaly, OutcomeUnknown, RateLimited, Rejected, Unauthorized, Unreachable
from tests.sources.storeganise.platform_wire import (
    ADDON,
    ADDON_KEY,
    SITE,
    PlatformWire,
    open_source,
    site,
)

pytestmark = pytest.mark.anyio
TASK = "66f1a0c2b7d4e90015c0c777"
PATH = f"jobs/{TASK}"


def job(*steps: Any, **changes: Any) -> dict[str, Any]:
    return {"id": TASK, "type": "task", "state": "ready", "steps": list(steps), **changes}


def step(step_id: Any = "s1", state: Any = "ready") -> dict[str, Any]:
    return {"id": step_id, "type": "task", "state": state}


def completes(wire: PlatformWire, *step_ids: str) -> None:
    for step_id in step_ids:
        wire.answer(f"{PATH}/steps/{step_id}", job(), method="PUT")


async def test_each_open_step_is_completed(wire: PlatformWire) -> None:
    wire.answer(PATH, job(step("s1", "completed"), step("s2"), step("s3", "running")))
    completes(wire, "s2", "s3")
    assert await open_source(wire).close_task(TASK, site=SITE) is True
    assert wire.calls == [f"GET {PATH}", f"PUT {PATH}/steps/s2", f"PUT {PATH}/steps/s3"]
    assert [json.loads(request.content) for request in wire.asked[1:]] == [{"state": "completed"}] * 2


@pytest.mark.parametrize(
    "found",
    [
        job(step(), state="completed"),
        job(step(), state="cancelled"),
        job(step(), state="canceled"),
        job(step(), state="failed"),
        job(step(), type="unit_moveOut"),
        job(step(), type=None),
        job(step("s1", "completed")),
        job({"type": "task", "state": "ready"}),
        job(),
        job(steps=None),
    ],
)
async def test_what_is_over_or_no_task_or_has_no_open_step_is_left(wire: PlatformWire, found: dict[str, Any]) -> None:
    wire.answer(PATH, found)
    assert await open_source(wire).close_task(TASK, site=SITE) is False
    assert wire.calls == [f"GET {PATH}"]


async def test_a_task_that_is_gone_is_left(wire: PlatformWire) -> None:
    assert await open_source(wire).close_task(TASK, site=SITE) is False
    assert wire.calls == [f"GET {PATH}"]


@pytest.mark.parametrize("state", [None, "await_confirmOrder"])
async def test_a_state_that_is_not_known_is_not_over(wire: PlatformWire, state: str | None) -> None:
    wire.answer(PATH, job(step("s1", state), state=state))
    completes(wire, "s1")
    assert await open_source(wire).close_task(TASK, site=SITE) is True


@pytest.mark.parametrize(
    "found", [job(step("../s1")), job(step(7)), job(id="another"), job(steps={"s1": 1}), [], job(state=1)]
)
async def test_an_answer_that_makes_no_sense_changes_nothing(wire: PlatformWire, found: Any) -> None:
    wire.answer(PATH, found)
    with pytest.raises(Anomaly):
        await open_source(wire).close_task(TASK, site=SITE)
    assert wire.calls == [f"GET {PATH}"]


async def test_an_unsafe_id_enters_no_path(wire: PlatformWire) -> None:
    with pytest.raises(Anomaly):
        await open_source(wire).close_task("../units/u1", site=SITE)
    assert wire.asked == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Rejected), (404, Rejected), (403, Unauthorized), (429, RateLimited), (503, OutcomeUnknown)],
)
async def test_a_step_that_is_refused_is_said_as_what_to_do_next_and_not_repeated(
    wire: PlatformWire, status: int, error: type[Exception]
) -> None:
    wire.answer(PATH, job(step()))
    wire.answer(f"{PATH}/steps/s1", {}, status=status, method="PUT")
    with pytest.raises(error):
        await open_source(wire).close_task(TASK, site=SITE)
    assert wire.calls.count(f"PUT {PATH}/steps/s1") == 1


async def test_a_platform_that_is_away_is_no_closed_task(wire: PlatformWire) -> None:
    wire.answer_with(PATH, lambda _: httpx.Response(503))
    with pytest.raises(Unreachable):
        await open_source(wire).close_task(TASK, site=SITE)


async def test_an_operator_may_leave_tasks_to_staff(wire: PlatformWire) -> None:
    assert await open_source(wire, close_tasks="leave").close_task(TASK, site=SITE) is False
    assert wire.asked == []


async def test_a_task_is_closed_by_the_sites_add_on_where_there_is_no_api_key(wire: PlatformWire) -> None:
    wire.answer(PATH, job(step()))
    completes(wire, "s1")
    source = open_source(wire, [site(addon_id=ADDON)], api_key=None, addon_key=ADDON_KEY)
    await source.close_task(TASK, site=SITE)
    assert wire.keys == {f"Addon {ADDON}|{ADDON_KEY}"}
