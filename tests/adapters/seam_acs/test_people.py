"""One tenant is one person at the access system, whatever Seam says of them."""

import pytest

from adapters.seam_acs.suite import SALTO_LIKE
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.errors import Anomaly, BridgeError, NoCapacity, NotYetConsistent, Rejected
from bridge.domain.tenancy import Tenant
from bridge.testing.wire import answers, does_and_answers, loses_the_answer
from tests.adapters.seam_acs.rig import CODE, codes_of, copy_of, ours, paths, retold, rig, told

pytestmark = pytest.mark.anyio
ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED


async def test_the_identity_at_seam_holds_nothing_that_seam_could_link_somebody_else_by() -> None:
    async with rig(contacts=True) as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        made = next(r for r in bench.wire.requests if r.url.path == "/user_identities/create")
        assert made.content == b'{"user_identity_key":"gatebridge:lakeside:site-1:t-1"}'


async def test_an_empty_success_is_not_taken_for_nobody() -> None:
    async with rig() as bench:
        bench.wire.arm(answers(200, '{"ok": true}'), times=None)
        with pytest.raises(Anomaly):
            await bench.hands().observe()


@pytest.mark.parametrize("body", ["404", "<html>", '{"error": {"message": "no such route"}, "ok": false}'])
async def test_a_404_without_seams_own_word_is_not_taken_for_nobody(body: str) -> None:
    async with rig() as bench:
        bench.wire.arm(answers(404, body), times=None)
        with pytest.raises(BridgeError):
            await bench.hands().observe()


async def test_somebody_who_is_shown_and_not_listed_is_an_anomaly() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        ours(bench)[0].identity = None
        with pytest.raises(Anomaly):
            await hands.observe()
        with pytest.raises(Anomaly):
            await hands.apply(Kind.GRANT, door, CODE)
        assert len(ours(bench)) == 1


async def test_a_listing_of_others_is_an_anomaly() -> None:
    def everybody(body: dict[str, list[dict[str, object]]]) -> None:
        body["acs_users"].append({**body["acs_users"][0], "acs_user_id": "another", "user_identity_id": "not-ours"})

    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.arm(retold("/acs/users/list", everybody), times=None)
        with pytest.raises(Anomaly):
            await hands.apply(Kind.REMOVE_PERSON)
        assert bench.simulation.credentials(door) == 1


@pytest.mark.parametrize("field", ["errors", "warnings"])
async def test_a_person_without_word_of_trouble_is_unreadable(field: str) -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.arm(retold("/acs/users/list", lambda body: body["acs_users"][0].pop(field)), times=None)
        with pytest.raises(Anomaly):
            await hands.observe()


async def test_a_person_made_twice_is_made_one_again() -> None:
    async with rig() as bench:
        hands, (door, other, *_) = bench.hands(), bench.simulation.doors
        await hands.apply(Kind.GRANT, door, CODE)
        copy_of(bench, ours(bench)[0], groups=[other])
        assert (await hands.observe()).code_in_doubt
        await hands.apply(Kind.CHANGE_CODE, None, CODE)
        seen = await hands.observe()
        assert (seen.code, seen.code_in_doubt, dict(seen.entries)) == (CODE, False, {door: ACTIVE, other: ACTIVE})
        assert len(ours(bench)) == 1


async def test_what_a_suspended_double_has_is_not_opened() -> None:
    async with rig() as bench:
        hands, (door, other, *_) = bench.hands(), bench.simulation.doors
        await hands.apply(Kind.GRANT, door, CODE)
        copy_of(bench, ours(bench)[0], suspended=True, groups=[other])
        await hands.apply(Kind.UPDATE_PERSON)
        assert not bench.simulation.opens(CODE.reveal(), other)
        assert dict((await hands.observe()).entries) == {door: ACTIVE}


async def test_somebody_who_is_in_a_group_twice_is_taken_out_of_it() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        ours(bench)[0].groups *= 2
        await hands.apply(Kind.GRANT, door, CODE)
        assert bench.simulation.credentials(door) == 2
        await hands.apply(Kind.REVOKE, door)
        assert bench.simulation.credentials(door) == 0


async def test_somebody_whom_staff_deleted_in_the_system_is_let_in_anew() -> None:
    async with rig() as bench:
        driver, door = bench.driver(), bench.simulation.doors[0]
        await driver.hands.apply(Kind.GRANT, door, CODE)
        before = ours(bench)[0]
        before.error = "deleted_externally"
        told(bench).system.credentials.clear()
        assert await driver.hands.observe() == Observed(exists=True, code_in_doubt=True)
        await driver.hands.apply(Kind.CHANGE_CODE, None, CODE)
        await driver.hands.apply(Kind.GRANT, door, CODE)
        assert [user.id == before.id for user in ours(bench)] == [False]
        assert bench.simulation.opens(CODE.reveal(), door)


async def test_somebody_who_comes_back_waits_for_their_own_removal() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        ours(bench)[0].deleted = True
        with pytest.raises(NotYetConsistent):
            await hands.apply(Kind.GRANT, door, CODE)


async def test_a_person_without_a_subscription_is_made_anew_until_there_is_room() -> None:
    async with rig(SALTO_LIKE, codes="made") as bench:
        told(bench).system.is_full = True
        hands, door = bench.hands(), bench.simulation.doors[0]
        for _ in range(2):
            with pytest.raises(NoCapacity):
                await hands.apply(Kind.GRANT, door)
        assert len(ours(bench)) == 1
        told(bench).system.is_full = False
        await hands.apply(Kind.GRANT, door)
        assert list((await hands.observe()).entries) == [door]
        assert len(ours(bench)) == 1


async def test_an_identity_that_was_made_unseen_is_taken_up() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        await hands.apply(Kind.REMOVE_PERSON)
        at = paths(bench).index("/user_identities/create")
        bench.wire.requests.clear()
        bench.wire.arm(loses_the_answer, at=at)
        with pytest.raises(BridgeError):
            await hands.apply(Kind.GRANT, door, CODE)
        await hands.apply(Kind.GRANT, door, CODE)
        assert bench.simulation.made() == 1


async def test_an_identity_that_seam_does_not_show_at_once_is_taken_up() -> None:
    late = answers(404, '{"error": {"type": "user_identity_not_found", "message": "?"}, "ok": false}')
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        del told(bench).system.users[ours(bench)[0].id]
        told(bench).system.credentials.clear()
        hands.ref = None
        bench.wire.arm(late)
        await hands.apply(Kind.GRANT, door, CODE)
        assert bench.wire.mend()
        assert bench.simulation.made() == 1


async def test_another_identity_than_was_asked_for_is_an_anomaly() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        other = {"user_identity_key": "gatebridge:lakeside:site-1:t-2"}
        bench.wire.arm(retold("/user_identities/get", lambda body: body["user_identity"].update(other)), times=None)
        with pytest.raises(Anomaly):
            await hands.observe()


@pytest.mark.parametrize("is_out", [True, False])
async def test_a_refused_removal_is_done_only_if_seam_shows_it(is_out: bool) -> None:  # noqa: FBT001 - pytest
    refusal = '{"error": {"type": "not_a_member", "message": "?"}, "ok": false}'
    async with rig() as bench:
        hands, (door, other, *_) = bench.hands(), bench.simulation.doors
        await hands.apply(Kind.GRANT, door, CODE)
        bench.wire.requests.clear()
        await hands.apply(Kind.REVOKE, other)
        looks = len(bench.wire.requests)
        bench.wire.arm(does_and_answers(400, refusal) if is_out else answers(400, refusal), at=looks)
        if is_out:
            await hands.apply(Kind.REVOKE, door)
        else:
            with pytest.raises(Rejected):
                await hands.apply(Kind.REVOKE, door)
        assert bench.wire.mend()
        assert bench.simulation.credentials(door) == (0 if is_out else 1)


async def test_an_identity_without_anybody_is_something_that_is_removed() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        del told(bench).system.users[ours(bench)[0].id]
        hands.ref = None
        assert await hands.observe() == Observed(exists=True)
        await hands.apply(Kind.REMOVE_PERSON)
        assert (await hands.observe(), bench.simulation.made()) == (Observed(), 0)


async def test_contacts_stay_here_unless_they_are_asked_for() -> None:
    tenant = Tenant(name="Mira Okafor", email="mira@example.org", phone="+44 (20) 7946-0958")
    for is_told in (False, True):
        async with rig(contacts=is_told) as bench:
            hands = bench.hands()
            hands.person = type(hands.person)(key=hands.person.key, subject=hands.person.subject, tenant=tenant)
            await hands.apply(Kind.GRANT, bench.simulation.doors[0], CODE)
            await hands.apply(Kind.UPDATE_PERSON)
            sent = b"".join(request.content for request in bench.wire.requests)
            assert (b"mira@example.org" in sent, b"+442079460958" in sent) == (is_told, is_told)


async def test_two_groups_of_one_name_are_refused_before_anybody_is_made() -> None:
    async with rig(by_name=True, targets="name") as bench:
        told(bench).add_group("A-101")
        with pytest.raises(Rejected, match="several"):
            await bench.hands().apply(Kind.GRANT, bench.simulation.doors[0], CODE)
        assert bench.simulation.made() == 0
        assert "A-101" not in [target.id for target in await bench.adapter.targets()]


async def test_cards_are_nobodys_code_and_stay() -> None:
    async with rig() as bench:
        hands, door = bench.hands(), bench.simulation.doors[0]
        await hands.apply(Kind.GRANT, door, CODE)
        (code,) = codes_of(bench, ours(bench)[0])
        card = type(code)(id="card-1", user=code.user, code="590274", method="card")
        told(bench).system.credentials[card.id] = card
        await hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert (await hands.observe()).code == CODE
        assert "card-1" in told(bench).system.credentials
