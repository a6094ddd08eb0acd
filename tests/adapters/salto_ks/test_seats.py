"""At the licence's limit Salto KS goes on making people, and the adapter says so aloud."""

import pytest

from adapters.salto_ks.simulation import Face
from bridge.domain.access import AccessStatus
from bridge.domain.changes import Kind
from bridge.domain.errors import NoCapacity, NotYetConsistent
from bridge.testing import wire as faults
from bridge.testing.hands import Crash
from tests.adapters.salto_ks.rig import only, rig

pytestmark = pytest.mark.anyio


async def test_nobody_without_a_seat_is_left_behind_and_none_gets_a_pin() -> None:
    async with rig() as bench:
        bench.simulation.fill()
        with pytest.raises(NoCapacity):
            await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert (bench.ours, bench.simulation.site.pins_made, bench.hands.ref) == ([], 0, None)


async def test_one_left_without_a_seat_by_a_crash_is_removed_by_the_next_run() -> None:
    async with rig() as bench:
        bench.simulation.fill()
        bench.bench.wire.arm(only("POST", "/users", faults.crashes), times=None)
        with pytest.raises(Crash):
            await bench.hands.apply(Kind.GRANT, bench.doors[0])
        bench.bench.wire.mend()
        assert len(bench.ours) == 1
        driver = bench.bench.driver()
        driver.wishes[bench.doors[0]] = AccessStatus.GRANTED
        await driver.run()
        assert (bench.ours, bench.simulation.site.pins_made) == ([], 0)


async def test_the_seat_of_a_suspended_tenant_may_be_gone_when_they_pay() -> None:
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        await bench.hands.apply(Kind.SUSPEND)
        bench.simulation.fill()
        with pytest.raises(NoCapacity):
            await bench.hands.apply(Kind.RESUME)
        assert not bench.opens()
        bench.simulation.site.seats = 1
        await bench.hands.apply(Kind.RESUME)
        assert bench.opens()


async def test_a_resume_that_is_not_answered_with_a_state_is_looked_up() -> None:
    async with rig(Face(tells_new_state=False)) as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        await bench.hands.apply(Kind.SUSPEND)
        bench.simulation.fill()
        with pytest.raises(NotYetConsistent, match="seat"):
            await bench.hands.apply(Kind.RESUME)
        bench.simulation.site.seats = 1
        await bench.hands.apply(Kind.RESUME)
        assert bench.opens()


async def test_a_suspended_tenant_whose_reference_was_lost_is_no_leftover() -> None:
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        await bench.hands.apply(Kind.SUSPEND)
        bench.hands.ref = None
        await bench.hands.apply(Kind.RESUME)
        assert bench.opens()
