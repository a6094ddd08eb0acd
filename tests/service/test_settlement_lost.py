"""Work whose settlement the store does not take goes on as soon as it does, not when the lease has run out."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

import pytest

from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import LeaseLost, StoreUnavailable
from bridge.ports.clock import SystemClock
from bridge.ports.store import Claim
from bridge.service.leases import Leases
from bridge.testing.memory_store import MemoryStore
from bridge.worker import pump as pumping
from bridge.worker.pump import Pump
from tests.contracts.store_builders import SetClock
from tests.service.test_leases import claimed

pytestmark = pytest.mark.anyio


class Failing(MemoryStore):
    """A store that takes no writes for a while; `taken` are those claims that somebody else has taken meanwhile."""

    refusals = 0
    is_taken = False

    async def renew(self, claims: Collection[Claim]) -> Sequence[Claim]:
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("the disk is full")
        return list(claims) if self.is_taken else []


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pumping, "STORE_PAUSE_SECONDS", 0.01)


async def runs_of(store: Failing, ends: Sequence[Exception | None]) -> list[ClaimedSubject]:
    """Pump one claim whose runs end so, one after the other; return the runs that were made."""
    claim, runs, left, given = await claimed(store, SetClock()), list[ClaimedSubject](), list(ends), list[bool]()

    async def claim_it(_: int) -> Sequence[ClaimedSubject]:
        given.append(True)
        return [claim] if len(given) == 1 else []

    async def run(claim: ClaimedSubject, worked: Callable[[], None]) -> None:
        worked()
        runs.append(claim)
        if (error := left.pop(0)) is not None:
            raise error

    leases = Leases(store)
    served = Pump[ClaimedSubject](
        "subjects", claim=claim_it, next_due=_never, run=run, slots=1, clock=SystemClock(), leases=leases
    )
    serving = asyncio.create_task(served.serve())
    await _until(lambda: len(runs) == len(ends) and not served.running)
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    await served.drain(1)
    assert await leases.renew() == []
    return runs


async def _never() -> None:
    return None


async def _until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not what():  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.005)


async def test_it_is_run_again_when_the_store_takes_writes() -> None:
    store = Failing(SetClock())
    store.refusals = 3
    runs = await runs_of(store, [StoreUnavailable("the disk is full"), StoreUnavailable("again"), None])
    assert len(runs) == 3
    assert store.refusals == 0, "it waited until the store took writes"


async def test_what_somebody_else_has_meanwhile_is_theirs() -> None:
    store = Failing(SetClock())
    store.is_taken = True
    assert len(await runs_of(store, [StoreUnavailable("the disk is full")])) == 1


@pytest.mark.parametrize("error", [LeaseLost("somebody else's"), RuntimeError("a defect")])
async def test_no_other_end_is_made_again(error: Exception) -> None:
    assert len(await runs_of(Failing(SetClock()), [error])) == 1


async def test_who_ended_while_the_leases_were_renewed_has_lost_nothing() -> None:
    store, clock = Failing(SetClock()), SetClock()
    leases = Leases(store)
    claim = await claimed(store, clock)
    leases.begin([claim], asked_at=leases.now())
    store.is_taken = True
    renewing = asyncio.ensure_future(leases.renew())
    asyncio.get_running_loop().call_soon(leases.end, claim)
    assert await renewing == [] or claim in await renewing
