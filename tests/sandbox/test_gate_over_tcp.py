"""What only a real connection shows: the controller finishes what a caller gave up on."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn

from bridge.sandbox.gate import Fault, FaultKind, GateSettings, build_gate

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def running(settings: GateSettings) -> AsyncIterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(build_gate(settings), ws="none", lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag, no event
            await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_a_stalled_write_comes_through_after_its_caller_has_given_up() -> None:
    stall = Fault(kind=FaultKind.STALL, seconds=0.3, method="POST")
    async with (
        running(GateSettings(faults=(stall,))) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        body = {"external_key": "k", "name": "Mira", "code": "048213"}
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/v1/sites/s/people", json=body, timeout=0.1)
        async with asyncio.timeout(5):
            while not (await client.get("/v1/sites/s/people")).json()["result"]["people"]:  # noqa: ASYNC110 - over the wire
                await asyncio.sleep(0.02)
        log = (await client.get("/sandbox/log")).json()["calls"]
        assert (log[0]["method"], log[0]["fault"], log[0]["status"]) == ("POST", "stall", 200)
