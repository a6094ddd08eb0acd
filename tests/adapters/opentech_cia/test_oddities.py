"""What is odd at CIA: refusals without a form, listings without ids to ask for, codes of one facility."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.opentech_cia.simulation import Quirks
from bridge.domain.changes import Kind
from bridge.domain.errors import Anomaly, Conflict, NotYetConsistent, Rejected
from bridge.testing import wire as faults
from tests.adapters.opentech_cia.rig import (
    ACTIVE,
    CODE,
    DOOR,
    OTHER_CODE,
    OTHER_DOOR,
    SUSPENDED,
    THIRD_DOOR,
    before,
    instead,
    rig,
)

pytestmark = pytest.mark.anyio


async def test_a_facility_that_wants_each_code_once_refuses_the_second_unit_and_no_other_code_is_tried() -> None:
    async with rig(quirks=Quirks(shared_codes=False)) as bench:
        await bench.grant()
        with pytest.raises(Rejected, match="second unit") as caught:
            await bench.grant(OTHER_DOOR)
        assert not isinstance(caught.value, Conflict)
        assert (await bench.observe()).entries == {DOOR: ACTIVE}


@pytest.mark.parametrize("words", [[], ["duplicate"]])
async def test_a_code_that_was_taken_after_the_look_is_a_conflict_in_whatever_words(words: list[str]) -> None:
    async with rig(conflict_words=words) as bench:
        bench.bench.wire.arm(before("/visitors", lambda: bench.cia.add_by_hand(CODE.reveal(), THIRD_DOOR)), times=None)
        with pytest.raises(Conflict):
            await bench.grant()
        assert bench.visitors() == []


async def test_a_new_code_is_given_to_no_unit_when_somebody_has_it() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.grant(OTHER_DOOR)
        bench.cia.add_by_hand(OTHER_CODE.reveal(), THIRD_DOOR)
        with pytest.raises(Conflict):
            await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert (await bench.observe()).code == CODE


REFUSALS = [
    pytest.param({"message": "Duplicate access code"}, Conflict, id="a message"),
    pytest.param({"errors": {"AccessCode": ["The value is already IN USE."]}}, Conflict, id="a table of fields"),
    pytest.param(["access code must be unique"], Conflict, id="a list"),
    pytest.param("That access code is a duplicate", Conflict, id="a text"),
    pytest.param({"statusCode": 400, "message": "The unit is in use."}, Rejected, id="a status code"),
    pytest.param({"code": "E17", "message": "The unit is in use."}, Rejected, id="a code of the error"),
    pytest.param({"message": "Error code 17: the unit is in use."}, Rejected, id="an error code in words"),
    pytest.param({"code": 400, "message": "This code is already in use."}, Conflict, id="a code beside an error's"),
    pytest.param({"message": "Duplicate visitor"}, Rejected, id="a duplicate of something else"),
    pytest.param({"reasons": ["The access code is too short"]}, Rejected, id="another fault of the code"),
    pytest.param(None, Rejected, id="nothing"),
]


@pytest.mark.parametrize(("body", "error"), REFUSALS)
async def test_a_refusal_that_the_listing_does_not_explain_is_judged_by_its_words(
    body: Any, error: type[Rejected]
) -> None:
    async with rig() as bench:
        bench.bench.wire.arm(instead("/visitors", (400, body), method="POST"), times=None)
        with pytest.raises(error) as caught:
            await bench.grant()
        assert type(caught.value) is error


@pytest.mark.parametrize(
    ("name", "message", "error"),
    [
        ("In Useche", "That access code is in use.", Conflict),
        ("Mira Coderre", "The unit is in use by Mira Coderre.", Rejected),
    ],
)
async def test_a_tenants_name_neither_makes_nor_hides_a_conflict(
    name: str, message: str, error: type[Rejected]
) -> None:
    async with rig() as bench:
        bench.bench.wire.arm(instead("/visitors", (400, {"message": message}), method="POST"), times=None)
        with pytest.raises(Rejected) as caught:
            await bench.other_hands(name, "t-2").apply(Kind.GRANT, DOOR, CODE)
        assert type(caught.value) is error


async def test_a_move_in_that_came_through_late_is_found_by_the_next_try() -> None:
    async with rig() as bench:
        mira = bench.other_hands("Mira Okafor", "t-1")
        await mira.apply(Kind.GRANT, DOOR, CODE)
        late = bench.facility.visitors.pop(bench.visitors()[0].id)
        bench.unit().status = "Vacant"

        def comes_through() -> None:
            bench.facility.visitors[late.id], bench.unit().status = late, "Rented"

        bench.bench.wire.arm(before("/visitors", comes_through), times=None)
        with pytest.raises(NotYetConsistent):
            await bench.grant()
        await bench.grant()
        assert len(bench.visitors()) == 1


async def test_what_staff_did_between_look_and_call_is_done() -> None:
    async with rig() as bench:
        await bench.grant()
        steps = [(Kind.SUSPEND, "Delinquent", "/disable"), (Kind.RESUME, "Rented", "/enable")]
        for kind, status, path in steps:
            bench.bench.wire.arm(before(path, lambda now=status: setattr(bench.unit(), "status", now)), times=None)
            await bench.hands.apply(kind, DOOR, CODE if kind is Kind.RESUME else None)
            assert bench.unit().status == status
        bench.bench.wire.arm(before("/vacate", lambda: bench.facility.vacate(bench.unit())), times=None)
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert bench.unit().status == "Vacant"


async def test_a_refused_overlock_that_did_not_come_true_is_told() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.bench.wire.arm(instead("/disable", (400, {"message": "already"}), method="POST"), times=None)
        with pytest.raises(Rejected):
            await bench.hands.apply(Kind.SUSPEND, DOOR)


async def test_repeated_changes_write_nothing() -> None:
    async with rig() as bench:
        for kind, code in [(Kind.GRANT, CODE), (Kind.SUSPEND, None), (Kind.RESUME, CODE), (Kind.CHANGE_CODE, CODE)]:
            target = None if kind is Kind.CHANGE_CODE else DOOR
            await bench.hands.apply(kind, target, code)
            bench.bench.wire.requests.clear()
            await bench.hands.apply(kind, target, code)
            assert bench.writes == []


async def test_a_new_code_leaves_the_time_group_that_staff_chose() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.visitors()[0].time_group, bench.visitors()[0].access_profile = 1, 12
        await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert (bench.visitors()[0].time_group, bench.visitors()[0].access_profile) == (1, 12)


async def test_a_time_group_whose_name_is_anothers_id_is_kept() -> None:
    groups = [{"id": 24, "name": "Staff"}, {"id": 1, "name": "24"}, {"id": 2, "name": "24 hours"}]
    async with rig() as bench:
        await bench.grant()
        bench.visitors()[0].time_group = 1
        visitor = bench.visitors()[0]
        shown = {"id": visitor.id, "name": visitor.name, "unitId": visitor.unit, "isTenant": True}
        listed = [{**shown, "code": CODE.reveal(), "timeGroupName": "24", "accessProfileName": "Tenants"}]
        bench.bench.wire.arm(_each({"/timegroups": groups, "/visitors": listed}), times=None)
        await bench.hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
        assert json.loads(bench.sent("/update").content)["timeGroupId"] == 1


async def test_a_move_in_is_sent_as_documented() -> None:
    async with rig() as bench:
        await bench.grant()
        request = bench.sent("/visitors")
        body = json.loads(request.content)
        assert request.headers["content-type"] == "application/json-patch+json"
        assert (body["isTenant"], body["suppressCommands"], body["unitId"]) == (True, False, bench.unit().id)
        assert (body["timeGroupId"], body["accessProfileId"], body["accessCode"]) == (2, 11, CODE.reveal())
        assert (body["email"], body["mobilePhoneNumber"], body["extendedData"]) == (None, None, {})


async def test_a_token_that_ran_out_is_asked_for_again_once() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.bench.clock.advance(3601)
        await bench.observe()
        await bench.observe()
        assert bench.cia.signed_in == 2


async def test_a_code_that_was_erased_by_hand_is_in_doubt_and_given_again() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.visitors()[0].code = ""
        assert (await bench.observe()).code_in_doubt
        with pytest.raises(Anomaly):
            await _with_another_name(bench)
        await bench.hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert (await bench.observe()).code == CODE


async def _with_another_name(bench: Any) -> None:
    bench.visitors()[0].first_name = "Somebody"
    await bench.hands.apply(Kind.UPDATE_PERSON)


EMPTY = [
    pytest.param(("/units", "/visitors"), id="no units and nobody"),
    pytest.param(("/visitors",), id="nobody at all, and rented units"),
]


@pytest.mark.parametrize("paths", EMPTY)
async def test_empty_listings_prove_nothing_of_a_tenant_who_was_there(paths: tuple[str, ...]) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.bench.wire.arm(_empty(paths), times=None)
        with pytest.raises(Anomaly):
            await bench.observe()
        with pytest.raises(Anomaly):
            await bench.hands.apply(Kind.REMOVE_PERSON)


async def test_a_unit_listing_that_hides_a_tenant_is_not_believed() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.bench.wire.arm(instead(f"/units/{bench.unit().id}/visitors", []), times=None)
        with pytest.raises(Anomaly):
            await bench.observe()
        with pytest.raises(Anomaly):
            await bench.hands.apply(Kind.REVOKE, DOOR)


async def test_a_facility_listing_that_hides_a_tenant_is_not_believed() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.bench.wire.arm(instead("/4711/visitors", []), times=None)
        for ref in (bench.hands.ref, None):
            bench.hands.ref = ref
            with pytest.raises(Anomaly):
                await bench.grant()
        assert len(bench.visitors()) == 1


@pytest.mark.parametrize("status", ["Vacant", "Reserved", None, 7])
async def test_a_status_that_a_let_unit_cannot_have_is_not_believed_and_bars_no_move_out(status: Any) -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.grant(OTHER_DOOR)
        bench.unit().status = status
        seen = await bench.observe()
        assert (dict(seen.entries), seen.unsettled) == ({DOOR: ACTIVE, OTHER_DOOR: ACTIVE}, frozenset({DOOR}))
        await bench.hands.apply(Kind.SUSPEND, OTHER_DOOR)
        with pytest.raises(Anomaly):
            await bench.grant()
        await bench.hands.apply(Kind.REMOVE_PERSON)
        assert not (await bench.observe()).exists


async def test_an_overlock_is_asked_for_whatever_status_a_unit_has() -> None:
    async with rig() as bench:
        await bench.grant()
        shown = {"id": bench.unit().id, "unitNumber": DOOR, "status": "Auction"}
        bench.bench.wire.arm(instead("/units", [shown]), times=None)
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        assert not bench.cia.opens(CODE.reveal(), DOOR)


LISTINGS = [
    pytest.param([{"id": 1, "isTenant": True}, {"id": 1, "isTenant": True}], id="the same id twice"),
    pytest.param([{"id": "../1", "isTenant": True}], id="an id that no path can hold"),
    pytest.param([{"id": 1}], id="tenant or not is not said"),
    pytest.param([{"id": 1, "isTenant": "yes"}], id="a tenant in words"),
    pytest.param([{"id": 1, "isTenant": True, "code": 48213}], id="a code that is a number"),
    pytest.param({"items": []}, id="a listing in an envelope"),
]


@pytest.mark.parametrize("listing", LISTINGS)
async def test_a_listing_that_is_not_as_documented_proves_nothing(listing: Any) -> None:
    async with rig() as bench:
        bench.bench.wire.arm(instead("/visitors", listing), times=None)
        with pytest.raises(Anomaly) as caught:
            await bench.observe()
        assert "48213" not in str(caught.value)


async def test_a_number_that_two_units_have_is_refused_and_the_tenants_other_unit_is_served() -> None:
    async with rig() as bench:
        bench.facility.add_unit(DOOR)
        with pytest.raises(Rejected, match="unit_match"):
            await bench.grant()
        await bench.grant(OTHER_DOOR)
        assert (await bench.observe()).entries == {OTHER_DOOR: ACTIVE}


async def test_a_number_that_another_unit_was_given_later_bars_neither_overlock_nor_move_out() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.grant(OTHER_DOOR)
        ours = bench.unit()
        bench.facility.add_unit(DOOR)
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        assert ours.status == "Delinquent"
        await bench.hands.apply(Kind.RESUME, DOOR, CODE)
        assert ours.status == "Rented"
        await bench.hands.apply(Kind.REVOKE, DOOR)
        assert (bench.facility.visitors_of(ours), ours.status) == ([], "Vacant")


async def test_of_two_units_with_one_number_the_open_one_is_what_is_seen() -> None:
    async with rig() as bench:
        await bench.grant(OTHER_DOOR)
        await bench.grant()
        bench.unit().status, bench.unit().number = "Delinquent", OTHER_DOOR
        assert (await bench.observe()).entries == {OTHER_DOOR: ACTIVE}


async def test_a_suspended_unit_that_is_granted_again_is_enabled() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND, DOOR)
        assert (await bench.observe()).entries == {DOOR: SUSPENDED}
        await bench.grant()
        assert bench.cia.opens(CODE.reveal(), DOOR)


async def test_a_unit_left_overlocked_without_a_tenant_is_named_to_staff() -> None:
    async with rig() as bench:
        bench.unit().status = "Delinquent"
        with pytest.raises(Rejected, match="Delinquent: vacate it there"):
            await bench.grant()


async def test_a_sign_in_that_is_refused_with_an_echo_tells_no_secret() -> None:
    async with rig() as bench:
        bench.bench.wire.arm(faults.echoes, times=None)
        told = " ".join(f"{finding.text} {finding.advice}" for finding in await bench.adapter.check())
        assert not [word for word in ("6f1d", "77aa", "19c3", "e5-cia") if word in told]


def _empty(paths: tuple[str, ...]) -> faults.Fault:
    return _each({path: [] for path in paths})


def _each(listings: Mapping[str, Any]) -> faults.Fault:
    async def fault(request: Any, carry: faults.Carry) -> Any:
        for path, listed in listings.items():
            if request.method == "GET" and request.url.path.endswith(path):
                return await instead(path, listed)(request, carry)
        return await carry(request)

    return fault
