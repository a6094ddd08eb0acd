"""Who is ours and who is not, and what staff may have done to them at Salto KS."""

from dataclasses import replace

import httpx
import pytest

from adapters.salto_ks.mapping import mark_for, mark_in
from bridge.domain.changes import EntryState, Kind
from bridge.domain.errors import Rejected
from bridge.domain.tenancy import Tenant
from bridge.testing import wire as faults
from bridge.testing.hands import Hands, somebody
from tests.adapters.salto_ks.rig import Rig, only, rig

pytestmark = pytest.mark.anyio

ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED
MARK = mark_for(somebody().key)


async def _granted(bench: Rig) -> None:
    await bench.hands.apply(Kind.GRANT, bench.doors[0])


@pytest.mark.parametrize(
    ("alias", "mark"),
    [
        (f"Mira Okafor ({MARK})", MARK),
        (MARK, MARK),
        (f"Mira Okafor ({MARK}) ", MARK),
        (f"{MARK} Okafor", None),
        (f"Mira ({MARK}) Okafor", None),
        (f"({MARK}) (gb-0000000000000000)", "gb-0000000000000000"),
        (f"Mira {MARK}", None),
        ("Mira Okafor (gb-12)", None),
        ("", None),
    ],
)
async def test_only_what_stands_at_the_end_of_an_alias_is_its_mark(alias: str, mark: str | None) -> None:
    assert mark_in(alias) == mark


async def test_a_tenant_who_is_called_like_anothers_mark_is_nobody_else() -> None:
    async with rig() as bench:
        await _granted(bench)
        liar = replace(somebody(tenant="t-2"), tenant=Tenant(name=f"Ivo ({MARK})"))
        other = Hands(bench.bench.adapter, liar)
        await other.apply(Kind.GRANT, bench.doors[1])
        assert len(bench.ours) == 2
        bench.hands.ref = None
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert [mark_in(person.profile["alias"]) for person in bench.ours] == [mark_for(liar.key)]


async def test_a_mark_that_staff_took_away_comes_back() -> None:
    async with rig() as bench:
        await _granted(bench)
        bench.person.profile["alias"] = "Mira O."
        assert (await bench.hands.observe()).exists
        await bench.hands.apply(Kind.GRANT, bench.doors[1])
        assert mark_in(bench.person.profile["alias"]) == MARK


async def test_a_kept_id_that_has_anothers_mark_is_not_ours() -> None:
    async with rig() as bench:
        await _granted(bench)
        other = Hands(bench.bench.adapter, somebody("Ivo Lind", "t-2"))
        await other.apply(Kind.GRANT, bench.doors[1])
        ours, bench.hands.ref = bench.hands.ref, other.ref
        await bench.hands.apply(Kind.SUSPEND)
        assert bench.hands.ref != other.ref
        assert (bench.hands.ref or {})["site_user"] == (ours or {})["site_user"]
        assert (await other.observe()).entries == {bench.doors[1]: ACTIVE}


async def test_the_platform_id_is_the_one_that_is_shown_now() -> None:
    async with rig() as bench:
        await _granted(bench)
        bench.hands.ref = {**(bench.hands.ref or {}), "user": "another-id"}
        await bench.hands.apply(Kind.GRANT, bench.doors[1])
        assert (bench.hands.ref or {})["user"] == bench.person.user
        assert bench.opens(1)


async def test_two_with_one_mark_become_one_with_a_new_pin() -> None:
    async with rig() as bench:
        await _granted(bench)
        double = bench.simulation.site.add(bench.person.profile)
        bench.simulation.site.groups[bench.doors[1]].members[double.user] = False
        bench.hands.touched.add(bench.doors[1])
        seen = await bench.hands.observe()
        assert (seen.code_in_doubt, dict(seen.entries)) == (True, {bench.doors[0]: ACTIVE, bench.doors[1]: ACTIVE})
        await bench.hands.apply(Kind.CHANGE_CODE)
        assert bench.person.id != double.id
        seen = await bench.hands.observe()
        assert (seen.code_in_doubt, dict(seen.entries)) == (False, {bench.doors[0]: ACTIVE})


async def test_an_excluded_member_is_not_in_and_is_let_in_anew() -> None:
    async with rig() as bench:
        await _granted(bench)
        bench.simulation.site.groups[bench.doors[0]].members[bench.person.user] = True
        assert not (await bench.hands.observe()).entries
        await _granted(bench)
        assert (await bench.hands.observe()).entries == {bench.doors[0]: ACTIVE}
        assert bench.opens()


async def test_somebody_whom_staff_blocked_stays_out_and_staff_are_asked() -> None:
    async with rig() as bench:
        await _granted(bench)
        bench.person.blocked = True
        assert (await bench.hands.observe()).entries == {bench.doors[0]: SUSPENDED}
        with pytest.raises(Rejected, match="unblock"):
            await bench.hands.apply(Kind.RESUME)
        assert bench.person.blocked


@pytest.mark.parametrize("loss", ["deleted", "switched off"])
async def test_a_pin_that_is_gone_at_salto_is_made_anew(loss: str) -> None:
    async with rig() as bench:
        await _granted(bench)
        if loss == "deleted":
            bench.person.pin = None
        bench.person.use_pin = loss == "deleted"
        assert (await bench.hands.observe()).code_in_doubt
        await bench.hands.apply(Kind.CHANGE_CODE)
        assert not (await bench.hands.observe()).code_in_doubt
        assert bench.opens()


async def test_a_state_that_is_not_documented_is_not_believed_and_bars_no_suspension_or_removal() -> None:
    async with rig() as bench:
        await _granted(bench)
        bench.bench.wire.arm(only("GET", "/users", _in_state("invited")), times=None)
        seen = await bench.hands.observe()
        assert (dict(seen.entries), seen.unsettled) == ({bench.doors[0]: ACTIVE}, frozenset({bench.doors[0]}))
        await bench.hands.apply(Kind.SUSPEND)
        assert not bench.opens()
        await bench.hands.apply(Kind.RESUME)
        assert bench.opens()
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert bench.ours == []


def _in_state(state: str) -> faults.Fault:
    async def fault(request: httpx.Request, carry: faults.Carry) -> httpx.Response:
        answer = await carry(request)
        people = answer.json()
        if not isinstance(people, list):
            return answer
        return httpx.Response(200, json=[{**one, "subscription_state": state} for one in people], request=request)

    return fault


async def test_a_profile_that_is_the_same_is_not_written() -> None:
    async with rig() as bench:
        await _granted(bench)
        await bench.hands.apply(Kind.UPDATE_PERSON)
        assert bench.sent("PATCH") == []


async def test_a_pin_that_cannot_be_read_leaves_a_doubt() -> None:
    async with rig() as bench:
        await _granted(bench)
        for body in (b"618263", b'"12"', b'"61826x"', b"null", '"\u0661\u0662\u0663\u0664\u0665\u0666"'.encode()):
            bench.bench.wire.arm(only("PUT", "/pin", faults.answers(200, body)), times=None)
            with pytest.raises(Exception, match="not as documented"):
                await bench.hands.apply(Kind.CHANGE_CODE)
            bench.bench.wire.mend()
            assert (await bench.hands.observe()).code_in_doubt
        assert len(bench.hands.made_codes) == 1
