"""The adapter over the real controller, with a wire between them that can be cut and counted."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from adapters.simulator import ADAPTER
from adapters.simulator.options import SimulatorOptions
from bridge.domain.changes import Kind
from bridge.domain.credential import GateCode
from bridge.domain.ids import SiteId, TargetId
from bridge.outbound.client import make_client
from bridge.ports.adapter import Adapter, AdapterContext, Person
from bridge.sandbox.gate import Codes, GateKind, GateSettings, Suspends, build_gate
from bridge.testing.hands import Crash, Hands, somebody

SITE = "site-1"
URL = "http://127.0.0.1:9100"
DOOR, OTHER_DOOR = TargetId("B-014"), TargetId("B-021")
CODE, OTHER_CODE = GateCode("048213"), GateCode("590274")
KINDS = [
    GateKind(codes=codes, shows_codes=shows_codes, suspends=suspends)
    for codes in Codes
    for shows_codes in (True, False)
    for suspends in Suspends
]


def name_of(kind: GateKind) -> str:
    return f"{kind.codes}-{'shown' if kind.shows_codes else 'masked'}-{kind.suspends}"


def options_for(kind: GateKind | None = None, **options: Any) -> SimulatorOptions:
    """Return the options that say what a gate of this kind says of itself."""
    told = (kind or GateKind()).model_dump(mode="json")
    return ADAPTER.options.model_validate({"url": URL, **told, **options})


class StoppedClock:
    """The gate's: no digit of a time is taken for one of a code."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Wire(httpx.AsyncBaseTransport):
    """Carries calls to an app. `crash_after` ends the process right after that many more calls were worked on."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.crash_after: int | None = None
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = await self._inner.handle_async_request(request)
        if self.crash_after is not None:
            self.crash_after -= 1
            if self.crash_after < 0:
                self.crash_after = None
                raise Crash
        return response

    @property
    def calls(self) -> list[str]:
        return [request.method for request in self.requests]


@dataclass(kw_only=True)
class Rig:
    adapter: Adapter
    hands: Hands
    person: Person
    wire: Wire
    client: httpx.AsyncClient
    """The one that the adapter was handed."""
    face: httpx.AsyncClient
    """Somebody who stands in front of the controller."""

    async def fault(self, **fault: Any) -> None:
        (await self.face.post("/sandbox/faults", json=fault)).raise_for_status()

    async def mended(self) -> None:
        (await self.face.delete("/sandbox/faults")).raise_for_status()

    async def people(self) -> list[dict[str, Any]]:
        state = (await self.face.get("/sandbox/state", params={"codes": "true"})).json()
        found: list[dict[str, Any]] = state["sites"].get(SITE, {"people": []})["people"]
        return found

    async def ours(self, person: Person | None = None) -> list[dict[str, Any]]:
        return [p for p in await self.people() if p["external_key"] == (person or self.person).key]

    async def add_by_hand(self, *, code: str, key: str | None = None, access: Mapping[str, str] | None = None) -> int:
        body = {"external_key": key, "name": "By hand", "code": code}
        answer = (await self.face.post(f"/sandbox/sites/{SITE}/people", json=body)).json()
        id_: int = answer["result"]["id"]
        for target, state in (access or {}).items():
            await self.let_by_hand(id_, target, state)
        return id_

    async def let_by_hand(self, id_: int, target: str, state: str = "active") -> None:
        path = f"/sandbox/sites/{SITE}/people/{id_}/access/{target}"
        assert (await self.face.put(path, json={"state": state})).json()["ok"]

    async def type_code(self, code: str, target: str = DOOR) -> str:
        answer = await self.face.post("/keypad", json={"site": SITE, "target": target, "code": code})
        reason: str = answer.json()["reason"]
        return reason

    async def grant(self, target: TargetId = DOOR, code: GateCode = CODE) -> None:
        await self.hands.apply(Kind.GRANT, target, code)


@asynccontextmanager
async def rig(
    settings: GateSettings | None = None,
    *,
    api_key: str | None = None,
    person: Person | None = None,
    answer: httpx.MockTransport | None = None,
    options: Mapping[str, Any] | None = None,
) -> AsyncIterator[Rig]:
    """Yield an adapter over a controller of its own; `answer` takes the controller's place on the wire.

    The adapter knows the controller's kind, unless `options` say otherwise.
    """
    gate = httpx.ASGITransport(app=build_gate(settings, StoppedClock()))
    wire = Wire(answer or gate)
    kind = None if settings is None else settings.kind
    configured = options_for(kind, api_key=api_key, **(options or {}))
    client = make_client(httpx.URL(configured.url), transport=wire)
    who = person or somebody(site=SITE)
    async with client, httpx.AsyncClient(transport=gate, base_url=URL) as face:
        adapter = ADAPTER.open(configured, AdapterContext(site=SiteId(SITE), client_for=lambda _: client))
        yield Rig(adapter=adapter, hands=Hands(adapter, who), person=who, wire=wire, client=client, face=face)
