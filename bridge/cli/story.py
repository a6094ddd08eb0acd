"""The demo's story: what happens on the platform, what the gate then does, and how long it took."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import httpx
from rich.markup import escape

from bridge.cli.output import OUT
from bridge.cli.sandboxes import Sandbox
from bridge.sandbox.platform import LAKESIDE, MIRA

STEP_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.005
FIRST, SECOND = "B-014", "B-021"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the gate must answer at a door."""

    door: str
    opens: bool


class Story:
    """Tells itself once; every line is true or marked as not."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient) -> None:
        self._platform = sandbox.page
        self._gate = sandbox.gate
        self._client = client
        self._code = ""
        self._all_well = True

    @classmethod
    @asynccontextmanager
    async def telling(cls, sandbox: Sandbox) -> AsyncIterator["Story"]:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            yield cls(sandbox, client)

    async def tell(self) -> bool:
        """Play all of it and return whether every step was as told."""
        units = {unit["name"]: unit["id"] for unit in (await self._board())["units"]}
        began = perf_counter()
        rental = await self._act("move-ins", {"tenantId": MIRA, "unitId": units[FIRST]})
        await self._until_written(rental["id"])
        await self._line("move-in", f"Mira takes {FIRST}; the code on her rental opens it", began, _opens(FIRST))
        kept = self._code
        for act, text, expected in (
            ("overdue", "her rent is overdue; the gate refuses", _refuses(FIRST)),
            ("pay", "she pays; the same code opens again", _opens(FIRST)),
        ):
            began = perf_counter()
            await self._act(f"rentals/{rental['id']}/{act}", {})
            await self._line(act, text, began, expected)
        began = perf_counter()
        moved = await self._act(f"rentals/{rental['id']}/transfer", {"unitId": units[SECOND]})
        text = f"{SECOND} opens with the same code; {FIRST} refuses it"
        await self._line("transfer", text, began, _opens(SECOND), _refuses(FIRST))
        began = perf_counter()
        await self._act(f"rentals/{moved['id']}/schedule-move-out", {})
        await self._act(f"rentals/{moved['id']}/confirm-move-out", {})
        await self._line("move-out", "she leaves; the gate refuses", began, _refuses(SECOND))
        return self._all_well and kept == self._code

    async def _line(self, act: str, text: str, began: float, *expected: Expectation) -> None:
        seen = await self._wait_for(lambda: self._as_expected(expected))
        took = (perf_counter() - began) * 1000
        self._all_well &= seen
        sign = "[green]✓[/]" if seen else "[red]✗[/]"
        timing = f"{took:5.0f} ms" if seen else "not seen"
        OUT.print(f" {sign} [bold]{act:<9}[/]{escape(text):<54}[dim]{timing}[/]")

    async def _as_expected(self, expected: tuple[Expectation, ...]) -> bool:
        for one in expected:
            body = {"site": LAKESIDE, "target": one.door, "code": self._code}
            answer = (await self._client.post(f"{self._gate}/keypad", json=body)).json()
            if answer["opened"] is not one.opens:
                return False
        return True

    async def _until_written(self, rental: str) -> None:
        async def is_written() -> bool:
            shown = [unit["rental"] for unit in (await self._board())["units"] if unit["rental"] is not None]
            self._code = next((r["code"] for r in shown if r["id"] == rental), None) or ""
            return bool(self._code)

        await self._wait_for(is_written)

    async def _wait_for(self, seen: Callable[[], Awaitable[bool]]) -> bool:
        end = perf_counter() + STEP_SECONDS
        while perf_counter() < end:
            if await seen():
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def _act(self, path: str, body: dict[str, Any]) -> Any:
        answer = await self._client.post(f"{self._platform}/sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def _board(self) -> Any:
        """What the platform's page shows to staff who ask for the codes."""
        return (await self._client.get(f"{self._platform}/sandbox/board?codes=show")).json()


def _opens(door: str) -> Expectation:
    return Expectation(door=door, opens=True)


def _refuses(door: str) -> Expectation:
    return Expectation(door=door, opens=False)
