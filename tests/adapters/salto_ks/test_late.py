"""Whom Salto KS has just made it may deny for a minute; whom it denies later is gone, or we lack a right."""

import httpx
import pytest

from adapters.salto_ks.kept import CATCHES_UP
from adapters.salto_ks.simulation import Face
from adapters.salto_ks.simulation.site import SITE_ID
from bridge.domain.changes import Kind, Observed
from bridge.domain.errors import Anomaly, NotYetConsistent, Rejected, Unauthorized
from bridge.testing import wire as faults
from bridge.testing.wire import Carry
from tests.adapters.salto_ks.rig import NO_PERMISSION, NOT_FOUND, Rig, only, rig

pytestmark = pytest.mark.anyio

DENIALS = pytest.mark.parametrize(
    "denial", [faults.answers(404, NOT_FOUND), faults.answers(403, NO_PERMISSION)], ids=["not found", "no permission"]
)


async def _blinded(request: httpx.Request, carry: Carry) -> httpx.Response:
    """An account that lost its rights: it is shown nobody, and may look at nobody."""
    if request.url.path.endswith("/sites/" + SITE_ID + "/users"):
        return await faults.answers(200, b"[]")(request, carry)
    return await only("GET", "/keys", faults.answers(403, NO_PERMISSION))(request, carry)


async def _begun(bench: Rig) -> None:
    """Make the person, and no more."""
    bench.bench.wire.arm(only("PUT", "/pin", faults.answers(404, NOT_FOUND)), times=None)
    with pytest.raises(NotYetConsistent):
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
    bench.bench.wire.mend()


async def test_a_pin_that_was_denied_is_in_no_doubt_and_made_by_the_next_grant() -> None:
    async with rig(Face(late_seconds=60)) as bench:
        with pytest.raises(NotYetConsistent):
            await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert (bench.hands.ref or {})["pin"] == "none"
        bench.clock.advance(60)
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert bench.opens()
        assert bench.simulation.site.pins_made == 1
        assert set(bench.hands.ref or {}) == {"site_user", "user"}


@DENIALS
async def test_somebody_fresh_is_waited_for(denial: faults.Fault) -> None:
    async with rig() as bench:
        await _begun(bench)
        bench.bench.wire.arm(only("PUT", "/pin", denial), times=None)
        with pytest.raises(NotYetConsistent):
            await bench.hands.apply(Kind.CHANGE_CODE)


async def test_a_right_that_is_lacking_later_stops_the_site() -> None:
    async with rig() as bench:
        await _begun(bench)
        bench.clock.advance(CATCHES_UP.total_seconds())
        bench.bench.wire.arm(only("PUT", "/pin", faults.answers(403, NO_PERMISSION)), times=None)
        with pytest.raises(Unauthorized):
            await bench.hands.apply(Kind.CHANGE_CODE)


@DENIALS
async def test_a_fresh_person_who_is_nowhere_to_be_seen_is_not_made_twice(denial: faults.Fault) -> None:
    async with rig() as bench:
        await _begun(bench)
        bench.simulation.site.people.clear()
        bench.simulation.crowd(1)
        bench.bench.wire.arm(only("GET", "/keys", denial), times=None)
        for _ in range(2):
            with pytest.raises(NotYetConsistent):
                await bench.hands.apply(Kind.GRANT, bench.doors[0])
            with pytest.raises(NotYetConsistent):
                await bench.hands.observe()
        assert bench.ours == []
        bench.clock.advance(CATCHES_UP.total_seconds())
        assert await bench.hands.observe() == Observed()
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        assert bench.opens()


@DENIALS
async def test_a_settled_person_who_is_denied_and_not_listed_is_gone(denial: faults.Fault) -> None:
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        bench.simulation.site.remove(bench.person)
        bench.simulation.crowd(1)
        bench.bench.wire.arm(only("GET", "/keys", denial), times=None)
        assert await bench.hands.observe() == Observed()


async def test_a_right_that_is_lacking_is_no_proof_that_a_person_is_gone_while_nobody_is_listed() -> None:
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        bench.bench.wire.arm(_blinded, times=None)
        with pytest.raises(Anomaly):
            await bench.hands.observe()
        with pytest.raises(Anomaly):
            await bench.hands.apply(Kind.REMOVE_PERSON)


async def test_an_empty_listing_is_not_believed_while_the_id_is_there() -> None:
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        bench.bench.wire.arm(only("GET", "/users", faults.answers(200, b"[]")), times=None)
        with pytest.raises(Anomaly):
            await bench.hands.observe()
        with pytest.raises(Anomaly):
            await bench.hands.apply(Kind.REMOVE_PERSON)
        assert len(bench.ours) == 1


async def test_a_404_that_is_not_salto_s_proves_nothing() -> None:
    elsewhere = faults.answers(404, b"<html>no route</html>")
    async with rig() as bench:
        await bench.hands.apply(Kind.GRANT, bench.doors[0])
        for path in ("/users", "/keys"):
            bench.bench.wire.arm(only("GET", path, elsewhere), times=None)
            with pytest.raises(Anomaly):
                await bench.hands.observe()
        bench.simulation.site.remove(bench.person)
        with pytest.raises(Anomaly):
            await bench.hands.observe()


async def test_a_refusal_for_another_reason_is_not_waited_out() -> None:
    async with rig() as bench:
        await _begun(bench)
        refusal = faults.answers(400, b'{"ErrorCode": "1101", "Message": "expiry_date"}')
        bench.bench.wire.arm(only("PUT", "/pin", refusal), times=None)
        with pytest.raises(Rejected, match="1101, validation"):
            await bench.hands.apply(Kind.CHANGE_CODE)


async def test_a_removal_that_came_through_before_a_crash_is_not_waited_for() -> None:
    async with rig() as bench:
        await _begun(bench)
        bench.bench.wire.arm(only("DELETE", "", faults.loses_the_answer), times=None)
        with pytest.raises(Exception, match="no answer"):
            await bench.hands.apply(Kind.REMOVE_PERSON)
        bench.bench.wire.mend()
        assert bench.hands.ref is not None
        assert await bench.hands.observe() == Observed()
