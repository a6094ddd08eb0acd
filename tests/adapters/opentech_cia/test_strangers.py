"""Whose a visitor is: what the bridge did not make stays as it is, and what it made is found again."""

from dataclasses import replace

import pytest

from adapters.opentech_cia.people import mark_of
from bridge.domain.changes import Kind, Observed
from bridge.domain.errors import Anomaly, Conflict, NotYetConsistent, Rejected
from bridge.domain.tenancy import Tenant
from bridge.testing.hands import Hands, somebody
from tests.adapters.opentech_cia.rig import ACTIVE, CODE, DOOR, OTHER_CODE, OTHER_DOOR, SUSPENDED, Rig, rig

pytestmark = pytest.mark.anyio

GUEST = "713964"


@pytest.mark.parametrize("name", ["Somebody Else", "Mira Okafor"])
@pytest.mark.parametrize("keeps_ref", [True, False])
async def test_a_stranger_on_the_wanted_unit_is_left_alone_whatever_their_name(name: str, keeps_ref: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    async with rig() as bench:
        if keeps_ref:
            await bench.grant(OTHER_DOOR)
        bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=True, name=name)
        before = bench.cia.by_hand()
        with pytest.raises(Rejected, match="vacate it") as caught:
            await bench.grant()
        assert not isinstance(caught.value, Conflict)
        for kind in (Kind.SUSPEND, Kind.RESUME, Kind.REVOKE):
            await bench.hands.apply(kind, DOOR)
        for kind, code in ((Kind.CHANGE_CODE, OTHER_CODE), (Kind.UPDATE_PERSON, None), (Kind.REMOVE_PERSON, None)):
            await bench.hands.apply(kind, None, code)
        assert bench.cia.by_hand() == before
        assert bench.cia.opens(GUEST, DOOR)


async def test_a_strangers_code_is_a_conflict_also_when_they_are_on_the_wanted_unit() -> None:
    async with rig() as bench:
        bench.cia.add_on_unit_by_hand(CODE.reveal(), DOOR, is_tenant=True)
        with pytest.raises(Conflict):
            await bench.grant()
        assert bench.writes == []


async def test_a_guest_of_the_unit_stays_when_the_tenant_leaves() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=False)
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert [visitor.code for visitor in bench.visitors()] == [GUEST]
        assert bench.cia.opens(GUEST, DOOR)
        assert await bench.observe() == Observed()


async def test_a_guest_leaves_with_the_tenant_where_the_operator_wants_that() -> None:
    async with rig(move_out="vacate") as bench:
        await bench.grant()
        bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=False)
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert (bench.visitors(), bench.unit().status) == ([], "Vacant")


async def test_another_tenant_of_the_unit_never_leaves_with_ours() -> None:
    async with rig(move_out="vacate") as bench:
        await bench.grant()
        bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=True)
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert [visitor.code for visitor in bench.visitors()] == [GUEST]


async def test_a_unit_with_nobody_else_is_vacant_after_a_move_out() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert (bench.unit().status, bench.writes[-1]) == ("Vacant", "vacate")


async def test_a_tenant_who_is_left_on_a_vacant_unit_is_removed_by_name() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.unit().status = "Vacant"
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert bench.visitors() == []


async def test_a_tenant_whose_unit_was_deleted_is_seen_as_an_error_and_removed_all_the_same() -> None:
    async with rig() as bench:
        await bench.grant()
        del bench.facility.units[bench.unit().id]
        with pytest.raises(Anomaly):
            await bench.observe()
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert bench.cia.made() == 0


async def test_a_unit_with_an_earlier_tenant_of_ours_waits_for_their_move_out() -> None:
    async with rig() as bench:
        ivo = bench.other_hands()
        await ivo.apply(Kind.GRANT, DOOR, OTHER_CODE)
        with pytest.raises(NotYetConsistent):
            await bench.grant()
        await ivo.apply(Kind.REVOKE, DOOR)
        await bench.grant()
        assert (await bench.observe()).entries == {DOOR: ACTIVE}


async def test_a_unit_that_guests_keep_from_being_vacant_is_named_to_staff() -> None:
    async with rig() as bench:
        ivo = bench.other_hands()
        await ivo.apply(Kind.GRANT, DOOR, OTHER_CODE)
        bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=False)
        await ivo.apply(Kind.REMOVE_PERSON)
        with pytest.raises(Rejected, match="B-014 has no tenant at CIA, but is Rented"):
            await bench.grant()


@pytest.mark.parametrize("kind", [Kind.REVOKE, Kind.REMOVE_PERSON])
async def test_a_visitor_whom_staff_renamed_is_known_by_the_kept_id(kind: Kind) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.visitors()[0].last_name = "Okafor"
        assert (await bench.observe()).entries == {DOOR: ACTIVE}
        await bench.hands.apply(kind, DOOR if kind is Kind.REVOKE else None)
        assert bench.visitors() == []


async def test_a_renamed_visitor_is_marked_again_with_the_next_change() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.visitors()[0].last_name = "Okafor"
        await bench.hands.apply(Kind.UPDATE_PERSON)
        assert bench.visitors()[0].last_name == f"Okafor {mark_of(bench.hands.person.key)}"


async def test_a_renamed_visitor_without_a_kept_id_is_a_stranger() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.visitors()[0].last_name = "Okafor"
        bench.hands.ref = None
        assert not (await bench.observe()).exists
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert len(bench.visitors()) == 1


async def test_a_kept_id_with_anothers_mark_is_not_ours() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.visitors()[0].last_name = f"Lind {mark_of('lakeside:site-1:t-9')}"
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert len(bench.visitors()) == 1


async def test_a_tenant_who_is_called_as_anothers_mark_is_not_taken_for_them() -> None:
    mira = somebody()
    async with rig(mira) as bench:
        eve = bench.other_hands(f"Eve {mark_of(mira.key).upper()}")
        await eve.apply(Kind.GRANT, DOOR, OTHER_CODE)
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert len(bench.visitors()) == 1
        eve.ref = None
        assert (await eve.observe()).entries == {DOOR: ACTIVE}


async def test_a_name_that_is_cut_to_a_mark_is_not_taken_for_one() -> None:
    async with rig() as bench:
        eve = bench.other_hands(f"{'X' * 23} gb-{'a' * 20} Lind")
        await eve.apply(Kind.GRANT, DOOR, OTHER_CODE)
        eve.ref = None
        assert (await eve.observe()).entries == {DOOR: ACTIVE}


async def test_a_guest_who_bears_the_tenants_name_is_not_ours() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=False, name=bench.visitors()[0].name)
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert [visitor.code for visitor in bench.visitors()] == [GUEST]


async def test_a_visitor_whom_staff_moved_is_seen_where_they_are() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.visitors()[0].unit, bench.unit(OTHER_DOOR).status = bench.unit(OTHER_DOOR).id, "Rented"
        assert (await bench.observe()).entries == {OTHER_DOOR: ACTIVE}


async def test_a_person_who_is_twice_on_a_unit_is_made_one_and_the_kept_one_stays() -> None:
    async with rig() as bench:
        await bench.grant()
        kept = bench.visitors()[0]
        bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=True, name=kept.name)
        assert (await bench.observe()).code_in_doubt
        await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert [visitor.id for visitor in bench.visitors()] == [kept.id]
        assert (await bench.observe()).code == OTHER_CODE


async def test_a_unit_that_was_rented_before_the_bridge_came_is_taken_over_by_its_code() -> None:
    async with rig(take_over="same_code") as bench:
        theirs = bench.cia.add_on_unit_by_hand(CODE.reveal(), DOOR, is_tenant=True, name="M. Okafor")
        bench.unit().status = "Delinquent"
        await bench.grant()
        assert [visitor.id for visitor in bench.visitors()] == [theirs.id]
        bench.hands.ref = None
        assert (await bench.observe()).entries == {DOOR: ACTIVE}
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert bench.unit().status == "Vacant"


@pytest.mark.parametrize("second", [True, False])
async def test_another_code_or_a_second_tenant_is_no_ground_for_a_take_over(second: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    async with rig(take_over="same_code") as bench:
        bench.cia.add_on_unit_by_hand(CODE.reveal() if second else GUEST, DOOR, is_tenant=True)
        if second:
            bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=True)
        before = bench.cia.by_hand()
        with pytest.raises(Rejected):
            await bench.grant()
        assert bench.cia.by_hand() == before


async def test_a_marked_tenant_of_another_is_not_taken_over() -> None:
    async with rig(take_over="same_code") as bench:
        ivo = bench.other_hands()
        await ivo.apply(Kind.GRANT, DOOR, CODE)
        with pytest.raises(Conflict):
            await bench.grant()
        assert (await ivo.observe()).entries == {DOOR: ACTIVE}


async def test_a_unit_is_overlocked_for_its_guests_too() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.cia.add_on_unit_by_hand(GUEST, DOOR, is_tenant=False)
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        assert (await bench.observe()).entries == {DOOR: SUSPENDED}
        assert not bench.cia.opens(GUEST, DOOR)


async def _new_name(bench: Rig, tenant: Tenant) -> Hands:
    bench.hands.person = replace(bench.hands.person, tenant=tenant)
    await bench.hands.apply(Kind.UPDATE_PERSON)
    return bench.hands


async def test_name_email_and_phone_follow_the_tenant_in_the_form_that_cia_takes() -> None:
    async with rig() as bench:
        await bench.grant()
        await _new_name(bench, Tenant(name="Cher", email="cher@example.org", phone="+1 (480) 555-0199"))
        (visitor,) = bench.visitors()
        assert (visitor.first_name, visitor.email, visitor.phone) == ("Cher", "cher@example.org", "14805550199")
        await _new_name(bench, Tenant(name="Cher", email="none", phone="555 0199"))
        assert (bench.visitors()[0].email, bench.visitors()[0].phone) == (None, None)
        bench.bench.wire.requests.clear()
        await bench.hands.apply(Kind.UPDATE_PERSON)
        assert bench.writes == []
