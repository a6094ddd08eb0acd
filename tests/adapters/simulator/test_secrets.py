"""Known codes, keys and names are let loose in everything that can go wrong, and found nowhere but at the gate."""

import logging
import traceback
from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bridge.domain.changes import Kind
from bridge.domain.credential import GateCode, Secret
from bridge.domain.errors import BridgeError
from bridge.domain.tenancy import Tenant
from bridge.ports.adapter import Person
from bridge.sandbox.gate import Codes, GateKind, GateSettings
from bridge.testing.hands import somebody
from tests.adapters.simulator.rig import DOOR, SITE, rig

pytestmark = pytest.mark.anyio

CODE, NEW_CODE, KEY, NAME = "739251", "618402", "k-55aa-hidden", "Mira Okafor"
EMAIL, PHONE = "lodger@example.org", "+44-abc"
TELLTALE = f"{NAME} ({EMAIL}, {PHONE}) has {CODE} and 7 3 9 2 5 1, {NEW_CODE} is next"
FAULTS: list[dict[str, Any]] = [
    {"kind": "fail", "text": TELLTALE},
    {"kind": "fail", "status": 400, "text": TELLTALE},
    {"kind": "error_in_200", "text": TELLTALE},
    {"kind": "error_in_200", "code": "code_in_use", "text": TELLTALE},
    {"kind": "error_in_200", "code": f"odd{CODE}", "text": TELLTALE},
    {"kind": "garbage", "body": TELLTALE},
    {"kind": "after_write", "text": TELLTALE},
]


def _mira() -> Person:
    return replace(somebody(NAME, site=SITE), tenant=Tenant(name=NAME, email=EMAIL, phone=PHONE))


async def test_no_code_key_or_name_is_in_any_error_log_repr_or_url(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    settings = GateSettings(api_key=Secret(KEY))
    with capture_logs() as events:
        async with rig(settings, api_key=KEY, person=_mira()) as bench:
            for fault in FAULTS:
                for method, kind, target in (("POST", Kind.GRANT, DOOR), ("PATCH", Kind.CHANGE_CODE, None)):
                    await bench.fault(**fault, method=method)
                    code = GateCode(CODE if kind is Kind.GRANT else NEW_CODE)
                    try:
                        await bench.hands.apply(kind, target, code)
                    except BridgeError as error:
                        said += [repr(error), *traceback.format_exception(error)]
                    await bench.mended()
                    await bench.hands.apply(kind if kind is Kind.CHANGE_CODE else Kind.GRANT, target, code)
                    said += [repr(await bench.hands.observe()), repr(bench.hands.ref)]
                await bench.type_code(NEW_CODE)
                await bench.hands.apply(Kind.REMOVE_PERSON)
            said += [str(request.url) for request in bench.wire.requests]
            for path in ("state", "log", "entries", "faults"):
                said.append((await bench.face.get(f"/sandbox/{path}")).text)
    everything = "\n".join([*said, caplog.text, repr(events)])
    assert len([text for text in said if "Error" in text or "Unknown" in text]) >= len(FAULTS)
    for secret in (CODE, NEW_CODE, KEY, NAME, EMAIL, PHONE, "7 3 9 2 5 1"):
        assert secret not in everything


async def test_a_code_in_an_answer_that_cannot_be_read_is_not_repeated() -> None:
    body = {"ok": True, "site": SITE, "result": {"people": [{"id": CODE, "code": CODE}], "more": CODE}}
    async with rig(answer=httpx.MockTransport(lambda _: httpx.Response(200, json=body))) as bench:
        with pytest.raises(BridgeError) as caught:
            await bench.hands.observe()
        assert CODE not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("shows_codes", [True, False])
async def test_a_code_that_the_gate_makes_is_in_no_error_log_repr_or_url(
    shows_codes: bool,  # noqa: FBT001 - pytest passes it by name
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    with capture_logs() as events:
        async with rig(GateSettings(kind=GateKind(codes=Codes.MADE, shows_codes=shows_codes))) as bench:
            await bench.hands.apply(Kind.GRANT, DOOR)
            for fault in [{"kind": "after_write"}, *FAULTS]:
                await bench.fault(**fault, method="PATCH")
                with pytest.raises(BridgeError) as caught:
                    await bench.hands.apply(Kind.CHANGE_CODE)
                said += traceback.format_exception(caught.value)
                await bench.mended()
                await bench.hands.apply(Kind.CHANGE_CODE)
                said += [repr(await bench.hands.observe()), repr(bench.hands.ref)]
            said += [str(request.url) for request in bench.wire.requests]
            for path in ("state", "log", "entries", "faults", "kind"):
                said.append((await bench.face.get(f"/sandbox/{path}")).text)
            codes = [code.reveal() for code in bench.hands.made_codes]
    everything = "\n".join([*said, caplog.text, repr(events)])
    assert len(codes) == len(FAULTS) + 2
    assert not [code for code in codes if code in everything]
