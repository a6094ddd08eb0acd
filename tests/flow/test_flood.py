"""A flood of forged deliveries does not keep the true ones waiting."""

import asyncio
import json
import statistics
from time import perf_counter

import httpx
import pytest

from tests.bench.load import blast, signed_request
from tests.flow.house import Bridge, House, sign

pytestmark = pytest.mark.anyio

FORGED = 4000
TRUE = 60


async def test_forged_deliveries_by_the_thousand_delay_no_true_one(house: House, bridge: Bridge) -> None:  # S23
    # The load's signer has another secret than this bridge: every one of its requests is forged.
    forged = [
        signed_request("lakeside", json.dumps({"id": f"forged-{n}", "type": "t", "data": {}}).encode())
        for n in range(FORGED)
    ]
    before = len(bridge.output)
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as client:
        flood = asyncio.create_task(blast("127.0.0.1", bridge.port, forged, 16))
        times = []
        for number in range(TRUE):
            body = json.dumps({"id": f"true-{number}", "type": "item.low_stock", "data": {}}).encode()
            began = perf_counter()
            answer = await client.post(
                f"http://127.0.0.1:{bridge.port}/webhooks/lakeside", content=body, headers={"sg-signature": sign(body)}
            )
            times.append(perf_counter() - began)
            assert answer.json() == {"message": "accepted"}
        flooded = await flood
    assert flooded.statuses == {401: FORGED}
    assert statistics.median(times) < 0.25
    assert max(times) < 1.5, "far from the platform's two seconds"
    lines = [line for line in bridge.output[before:].splitlines() if '"delivery.refused"' in line]
    assert 0 < len(lines) < 30, "a flood is sampled, not written out"
    assert "forged" not in json.dumps(house.run_json("deliveries", "list", "--limit", "500"))
    assert [alert["what"] for alert in house.run_json("alerts")].count("signatures_refused") == 1
