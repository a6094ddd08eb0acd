"""The simulator's adapter keeps what every adapter must keep, over the real controller of every kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from adapters.simulator import ADAPTER
from bridge.domain.credential import GateCode
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Adapter
from bridge.sandbox.gate import Codes, GateKind, GateSettings, Suspends
from bridge.testing.conformance import AdapterConformance
from tests.adapters.simulator.rig import KINDS, Rig, options_for, rig


class OverAGate(AdapterConformance):
    kind: ClassVar[GateKind]
    bench: Rig

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        cls.capabilities = ADAPTER.capabilities(options_for(cls.kind))

    @asynccontextmanager
    async def open_adapter(self) -> AsyncIterator[Adapter]:
        async with rig(GateSettings(kind=self.kind)) as self.bench:
            yield self.bench.adapter

    async def opens(self, code: GateCode, door: TargetId) -> bool:
        return await self.bench.type_code(code.reveal(), door) == "ok"


class TestGivenShownByTarget(OverAGate):
    kind = GateKind()


class TestGivenShownByPerson(OverAGate):
    kind = GateKind(suspends=Suspends.PERSON)


class TestGivenMaskedByTarget(OverAGate):
    kind = GateKind(shows_codes=False)


class TestGivenMaskedByPerson(OverAGate):
    kind = GateKind(shows_codes=False, suspends=Suspends.PERSON)


class TestMadeShownByTarget(OverAGate):
    kind = GateKind(codes=Codes.MADE)


class TestMadeShownByPerson(OverAGate):
    kind = GateKind(codes=Codes.MADE, suspends=Suspends.PERSON)


class TestMadeMaskedByTarget(OverAGate):
    kind = GateKind(codes=Codes.MADE, shows_codes=False)


class TestMadeMaskedByPerson(OverAGate):
    kind = GateKind(codes=Codes.MADE, shows_codes=False, suspends=Suspends.PERSON)


def test_no_kind_is_left_out() -> None:
    assert [kind for kind in KINDS if kind not in [suite.kind for suite in OverAGate.__subclasses__()]] == []
