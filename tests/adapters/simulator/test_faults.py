"""Whatever the controller does to a call, the adapter says what to do next, and the next try ends well."""

from typing import Any

import httpx
import pytest

from bridge.domain.changes import Kind
from bridge.domain.errors import (
    Anomaly,
    BridgeError,
    Conflict,
    NoCapacity,
    NotYetConsistent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
)
from bridge.testing.hands import Crash
from tests.adapters.simulator.rig import CODE, DOOR, OTHER_CODE, SITE, rig

pytestmark = pytest.mark.anyio

_BOTH = f'{{"ok": true, "site": "{SITE}", "error": {{"code": "odd"}}}}'
WRITE_FAULTS = [
    pytest.param({"kind": "after_write"}, OutcomeUnknown, id="500 after the work was done"),
    pytest.param({"kind": "after_write", "seconds": 30}, OutcomeUnknown, id="no answer after the work was done"),
    pytest.param({"kind": "fail", "method": "POST"}, OutcomeUnknown, id="500"),
    pytest.param({"kind": "error_in_200", "method": "POST"}, OutcomeUnknown, id="an inner error in a 200"),
    pytest.param({"kind": "error_in_200", "method": "POST", "code": "odd"}, Rejected, id="an unknown word in a 200"),
    pytest.param({"kind": "error_in_200", "method": "POST", "code": "bad_code"}, Rejected, id="bad code"),
    pytest.param({"kind": "error_in_200", "method": "POST", "code": "code_in_use"}, Conflict, id="code in use"),
    pytest.param({"kind": "error_in_200", "method": "POST", "code": "capacity"}, NoCapacity, id="full"),
    pytest.param({"kind": "garbage", "method": "POST"}, Anomaly, id="a page of HTML"),
    pytest.param({"kind": "garbage", "method": "POST", "body": ""}, Anomaly, id="an empty body"),
    pytest.param({"kind": "garbage", "method": "PUT", "body": "[]"}, Anomaly, id="another JSON"),
    pytest.param(
        {"kind": "garbage", "method": "PUT", "body": '{"ok": false}'}, Anomaly, id="a failure without an error"
    ),
    pytest.param({"kind": "garbage", "method": "PUT", "body": _BOTH}, Anomaly, id="a success with an error"),
    pytest.param(
        {"kind": "error_in_200", "method": "PUT", "code": "not_found"}, NotYetConsistent, id="vanished between"
    ),
    pytest.param({"kind": "fail", "method": "POST", "status": 429, "retry_after": "7"}, RateLimited, id="429"),
    pytest.param({"kind": "fail", "method": "POST", "status": 401}, Unauthorized, id="401"),
    pytest.param({"kind": "fail", "method": "POST", "status": 302}, Anomaly, id="a redirect"),
]


@pytest.mark.parametrize(("fault", "error"), WRITE_FAULTS)
async def test_a_failed_grant_says_what_to_do_and_the_next_one_ends_with_one_person(
    fault: dict[str, Any], error: type[BridgeError]
) -> None:
    async with rig() as bench:
        bench.client.timeout = httpx.Timeout(0.02)
        await bench.fault(**fault)
        with pytest.raises(error) as caught:
            await bench.grant()
        assert type(caught.value) is error
        await bench.mended()
        await bench.grant()
        assert len(await bench.ours()) == 1
        assert await bench.type_code(CODE.reveal()) == "ok"


READ_FAULTS = [
    pytest.param({"kind": "fail", "count": 2, "status": 503}, Unreachable, id="503 twice"),
    pytest.param({"kind": "error_in_200"}, Anomaly, id="an inner error in a 200"),
    pytest.param({"kind": "error_in_200", "code": "capacity"}, Anomaly, id="a refusal that makes no sense"),
    pytest.param({"kind": "garbage"}, Anomaly, id="a page of HTML"),
    pytest.param({"kind": "garbage", "body": ""}, Anomaly, id="an empty body"),
    pytest.param({"kind": "garbage", "body": "null"}, Anomaly, id="null"),
    pytest.param({"kind": "garbage", "body": '{"ok": true}'}, Anomaly, id="a success without a result"),
    pytest.param({"kind": "garbage", "body": '{"ok": false}'}, Anomaly, id="a failure without an error"),
    pytest.param({"kind": "fail", "status": 429, "retry_after": "7"}, RateLimited, id="429"),
    pytest.param({"kind": "fail", "status": 403}, Unauthorized, id="403"),
]


@pytest.mark.parametrize(("fault", "error"), READ_FAULTS)
async def test_an_unreadable_look_up_is_an_error_and_never_nobody(
    fault: dict[str, Any], error: type[BridgeError]
) -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.fault(**fault)
        with pytest.raises(error) as caught:
            await bench.hands.observe()
        assert type(caught.value) is error


def _person(**changes: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "external_key": f"lakeside:{SITE}:t-1",
        "name": "Mira",
        "email": "",
        "phone": "",
        "suspended": False,
        "code": "048213",
        "access": [{"target": DOOR, "state": "active"}],
    } | changes


def _listing(*people: Any, site: str = SITE, more: object = False) -> dict[str, Any]:
    return {"ok": True, "site": site, "result": {"people": list(people), "more": more}}


LISTINGS = [
    pytest.param(_listing(_person(), site="site-2"), id="another site's"),
    pytest.param(_listing(_person(external_key="lakeside:site-1:t-2")), id="another person"),
    pytest.param(_listing(_person(external_key=None)), id="people without a key"),
    pytest.param(_listing(_person(), _person()), id="the same id twice"),
    pytest.param(_listing(_person(id=9), _person(id=8)), id="out of order"),
    pytest.param(_listing(_person(id="7")), id="an id that is a text"),
    pytest.param(_listing(_person(code=48213)), id="a code that is a number"),
    pytest.param(_listing(_person(access=None)), id="no entries"),
    pytest.param(_listing(_person(suspended=None)), id="neither suspended nor not"),
    pytest.param(_listing(_person(suspended="false")), id="a suspension that is a text"),
    pytest.param(_listing(_person(access=[{"target": DOOR, "state": "frozen"}])), id="a state that is not documented"),
    pytest.param(_listing(more=True), id="an empty page that promises more"),
    pytest.param(_listing(_person(), more=True), id="the same page for ever"),
    pytest.param(_listing(_person(), more="no"), id="more that is a text"),
]


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_listing_that_cannot_be_right_proves_nothing(listing: dict[str, Any]) -> None:
    async with rig(answer=httpx.MockTransport(lambda _: httpx.Response(200, json=listing))) as bench:
        with pytest.raises(Anomaly) as caught:
            await bench.hands.observe()
        assert "48213" not in str(caught.value)


async def test_the_wait_that_the_gate_asks_for_is_passed_on() -> None:
    async with rig() as bench:
        await bench.fault(kind="fail", status=429, retry_after="7")
        with pytest.raises(RateLimited) as caught:
            await bench.hands.observe()
        assert caught.value.retry_after == 7


async def test_a_lost_write_is_seen_by_the_next_look() -> None:
    async with rig() as bench:
        await bench.fault(kind="lose_write", method="PUT")
        await bench.grant()
        assert (await bench.hands.observe()).entries == {}
        await bench.grant()
        assert await bench.type_code(CODE.reveal()) == "ok"


@pytest.mark.parametrize("calls", range(4))
@pytest.mark.parametrize("keeps_ref", [True, False])
async def test_a_crash_after_any_call_of_a_grant_leaves_one_person_in_the_end(calls: int, keeps_ref: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    async with rig() as bench:
        bench.wire.crash_after = calls
        try:
            await bench.grant()
        except Crash:
            pass
        else:
            assert calls == 3, "a grant has three calls"
        bench.wire.crash_after = None
        bench.hands.ref = bench.hands.ref if keeps_ref else None
        await bench.grant()
        assert len(await bench.ours()) == 1
        assert await bench.type_code(CODE.reveal()) == "ok"


@pytest.mark.parametrize("fault", [{"kind": "after_write"}, {"kind": "after_write", "seconds": 30}])
@pytest.mark.parametrize("kind", [Kind.REVOKE, Kind.REMOVE_PERSON, Kind.SUSPEND])
async def test_a_removal_that_the_gate_did_without_saying_so_is_done_the_second_time(
    kind: Kind, fault: dict[str, Any]
) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.client.timeout = httpx.Timeout(0.02)
        await bench.fault(**fault)
        target = None if kind is Kind.REMOVE_PERSON else DOOR
        with pytest.raises(OutcomeUnknown):
            await bench.hands.apply(kind, target)
        await bench.hands.apply(kind, target)
        assert await bench.type_code(CODE.reveal()) != "ok"


@pytest.mark.parametrize("kind", [Kind.REVOKE, Kind.REMOVE_PERSON])
async def test_a_removal_that_somebody_else_did_in_between_is_done(kind: Kind) -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.fault(kind="error_in_200", method="DELETE", code="not_found")
        await bench.hands.apply(kind, DOOR if kind is Kind.REVOKE else None)
        assert bench.wire.calls[-1] == "DELETE"


async def test_a_new_code_that_was_set_without_an_answer_works() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.fault(kind="after_write", method="PATCH")
        with pytest.raises(OutcomeUnknown):
            await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert await bench.type_code(OTHER_CODE.reveal()) == "ok"


async def test_a_gate_that_is_not_there_is_unreachable() -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with rig(answer=httpx.MockTransport(nobody)) as bench:
        with pytest.raises(Unreachable):
            await bench.hands.observe()
