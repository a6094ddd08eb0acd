"""Users at Brivo: found by their external id, changed in full, and never lost to a bad answer."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from adapters.brivo.mapping import external_id
from bridge.domain.changes import EntryState, Kind, Observed
from bridge.domain.errors import Anomaly, Conflict, NotYetConsistent, Rejected
from bridge.domain.tenancy import Tenant
from bridge.ports.adapter import Person
from bridge.testing import wire as faults
from bridge.testing.hands import somebody
from bridge.testing.wire import Carry
from tests.adapters.brivo.rig import CODE, DOOR, OTHER_CODE, OTHER_DOOR, Rig, rig, sent

pytestmark = pytest.mark.anyio
GONE = '{"code": 404, "message": "User not found"}'


def _tenant(name: str = "Mira Okafor", email: str | None = None, phone: str | None = None) -> Person:
    return replace(somebody(), tenant=Tenant(name=name, email=email, phone=phone))


async def _renamed(bench: Rig, person: Person) -> None:
    bench.hands.person = person
    await bench.hands.apply(Kind.UPDATE_PERSON)


async def test_a_move_in_is_a_user_with_a_readable_external_id() -> None:
    async with rig(_tenant("Mira van den Berg", "mira@example.org", "+44 20 1")) as bench:
        await bench.grant()
        assert sent(bench.writes[0]) == {
            "externalId": "lakeside:site-1:t-1",
            "pin": "048213",
            "firstName": "Mira van den",
            "lastName": "Berg",
            "emails": [{"address": "mira@example.org", "type": "Work"}],
            "phoneNumbers": [{"number": "+44 20 1", "type": "Work"}],
        }


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Mira Okafor", "Mira", "Okafor"),
        ("Cher", "Tenant", "Cher"),
        ("  ", "Tenant", "Tenant"),
        ("Mira \r\n Okafor", "Mira", "Okafor"),
        ("M" * 40 + " O", "M" * 34 + "…", "O"),
    ],
)
async def test_a_name_has_two_parts(name: str, first: str, last: str) -> None:
    async with rig(_tenant(name)) as bench:
        await bench.grant()
        assert (bench.user["firstName"], bench.user["lastName"]) == (first, last)


CHANGES = [
    pytest.param(Kind.CHANGE_CODE, {"pin": "590274"}, id="code"),
    pytest.param(Kind.UPDATE_PERSON, {"firstName": "Mira", "lastName": "Lind"}, id="name"),
]


@pytest.mark.parametrize(("kind", "changed"), CHANGES)
async def test_what_the_bridge_does_not_know_of_a_user_survives_a_change(kind: Kind, changed: dict[str, str]) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.user.update(
            {
                "effectiveTo": "2031-01-01T00:00:00Z",
                "customFields": [{"id": 7, "value": "x"}],
                "bleTwoFactor": 1,
            }
        )
        before = dict(bench.user)
        bench.hands.person = _tenant("Mira Lind")
        await bench.hands.apply(kind, None, OTHER_CODE if kind is Kind.CHANGE_CODE else None)
        assert bench.user == before | changed


async def test_contacts_that_staff_added_stay_beside_the_tenants() -> None:
    async with rig(_tenant(email="mira@example.org", phone="+44 20 1")) as bench:
        await bench.grant()
        bench.user["emails"].append({"address": "office@example.org", "type": "Other"})
        bench.user["phoneNumbers"] = [
            {"number": "112", "type": "Home"},
            {"number": "+44 20 1", "type": "work", "id": 4},
        ]
        await _renamed(bench, _tenant(email="lind@example.org", phone="+44 20 2"))
        assert bench.user["emails"] == [
            {"address": "lind@example.org", "type": "Work"},
            {"address": "office@example.org", "type": "Other"},
        ]
        assert bench.user["phoneNumbers"][1] == {"number": "+44 20 2", "type": "work", "id": 4}
        await _renamed(bench, _tenant())
        assert bench.user["emails"] == [{"address": "office@example.org", "type": "Other"}]
        assert bench.user["phoneNumbers"] == [{"number": "112", "type": "Home"}]


async def test_without_a_type_no_contact_is_sent() -> None:
    async with rig(_tenant(email="mira@example.org", phone="+44 20 1"), contact_type="") as bench:
        await bench.grant()
        await _renamed(bench, _tenant("Mira Lind", "lind@example.org"))
        assert not {"emails", "phoneNumbers"} & bench.user.keys()


REPEATED = [(Kind.SUSPEND, None), (Kind.CHANGE_CODE, OTHER_CODE), (Kind.UPDATE_PERSON, None), (Kind.RESUME, CODE)]


@pytest.mark.parametrize(("kind", "code"), REPEATED)
async def test_a_repeated_change_of_the_person_writes_nothing(kind: Kind, code: Any) -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(kind, None, code)
        bench.wire.requests.clear()
        await bench.hands.apply(kind, None, code)
        assert bench.writes == []


async def test_a_suspended_user_resumes_with_the_code_in_force() -> None:
    async with rig() as bench:
        await bench.grant()
        await bench.hands.apply(Kind.SUSPEND)
        assert not bench.vendor.opens("048213", DOOR)
        await bench.hands.apply(Kind.RESUME, None, OTHER_CODE)
        assert bench.vendor.opens("590274", DOOR)


async def test_a_user_whom_a_late_call_made_is_adopted() -> None:
    async def arrives_twice(request: httpx.Request, carry: Carry) -> httpx.Response:
        await carry(request)
        return await carry(request)

    async with rig() as bench:
        bench.wire.arm(arrives_twice, at=3)
        await bench.grant()
        assert bench.calls[3:6] == [
            "POST /users",
            "GET /users/lakeside:site-1:t-1/external",
            "PUT /groups/4011/users/5001",
        ]
        assert bench.vendor.opens("048213", DOOR)


async def test_a_strangers_code_is_a_conflict_and_makes_nobody() -> None:
    async with rig() as bench:
        bench.vendor.add_by_hand("048213", OTHER_DOOR)
        with pytest.raises(Conflict):
            await bench.grant()
        assert bench.vendor.made() == 0


def test_a_key_that_is_too_long_is_cut_and_still_unlike_any_other() -> None:
    keys = [f"lakeside:{'s' * 64}:{tenant}" for tenant in ("t-1", "t-2")]
    marks = [external_id(key, 64) for key in keys]
    assert len({*marks}) == len(marks)
    assert {len(mark) for mark in marks} == {64}
    assert external_id("lakeside:site-1:t-1", 64) == "lakeside:site-1:t-1"


async def test_somebody_without_a_pin_is_given_one() -> None:
    async with rig() as bench:
        await bench.grant()
        del bench.user["pin"]
        seen = await bench.observe()
        assert (seen.code, seen.code_in_doubt) == (None, True)
        await bench.hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert bench.vendor.opens("048213", DOOR)


@pytest.mark.parametrize("pin", ["****", 48213, "0482 13"])
async def test_a_pin_that_is_none_is_not_believed_and_not_written_back(pin: Any) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.user["pin"] = pin
        written = len(bench.writes)
        for change in (bench.observe(), _renamed(bench, _tenant("Mira Lind"))):
            with pytest.raises(Anomaly) as caught:
                await change
            assert "48213" not in str(caught.value)
        assert len(bench.writes) == written


LOOK_UPS = [
    pytest.param(faults.answers(404, "<html>Not Found</html>"), id="a proxy's 404"),
    pytest.param(faults.answers(404, "{}"), id="a 404 without its reason"),
    pytest.param(faults.answers(404), id="a 404 without anything"),
    pytest.param(
        faults.answers(200, json.dumps({"id": 5001, "externalId": "lakeside:site-1:t-2", "suspended": False})),
        id="another",
    ),
    pytest.param(faults.answers(200, json.dumps({"id": 5001, "suspended": False})), id="somebody without a mark"),
    pytest.param(faults.answers(200, json.dumps({"id": 5001, "externalId": "lakeside:site-1:t-1"})), id="no state"),
    pytest.param(faults.answers(404, GONE), id="gone, but in the list of all"),
]


@pytest.mark.parametrize("fault", LOOK_UPS)
async def test_an_odd_look_up_is_never_nobody(fault: faults.Fault) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.wire.arm(fault)
        with pytest.raises(Anomaly):
            await bench.observe()


async def test_a_user_who_lost_the_mark_is_no_nobody() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.user["externalId"] = None
        for change in (bench.observe(), bench.grant(), bench.hands.apply(Kind.REMOVE_PERSON)):
            with pytest.raises(Anomaly, match=r"user 5001 .* lakeside:site-1:t-1"):
                await change


async def test_a_user_whom_staff_deleted_is_gone_and_made_again() -> None:
    async with rig() as bench:
        await bench.grant()
        bench.vendor.crowd(130)
        bench.vendor.account.remove(5001)
        assert await bench.observe() == Observed()
        await bench.grant()
        assert (await bench.observe()).entries == {DOOR: EntryState.ACTIVE}


BETWEEN = [
    pytest.param(Kind.GRANT, OTHER_DOOR, CODE, id="before the group"),
    pytest.param(Kind.CHANGE_CODE, None, OTHER_CODE, id="before the code"),
    pytest.param(Kind.SUSPEND, None, None, id="before the suspension"),
]


@pytest.mark.parametrize(("kind", "door", "code"), BETWEEN)
async def test_a_user_who_goes_away_between_two_calls_is_looked_for_again(kind: Kind, door: Any, code: Any) -> None:
    async with rig() as bench:
        await bench.grant()

        async def meanwhile(request: httpx.Request, carry: Carry) -> httpx.Response:
            bench.vendor.account.remove(5001)
            return await carry(request)

        bench.wire.arm(meanwhile, at=1)
        with pytest.raises(NotYetConsistent):
            await bench.hands.apply(kind, door, code)


@pytest.mark.parametrize(("kind", "door"), [(Kind.REVOKE, DOOR), (Kind.REMOVE_PERSON, None)])
async def test_a_removal_that_somebody_else_did_in_between_is_done(kind: Kind, door: Any) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.wire.arm(faults.answers(404, GONE), at=1)
        await bench.hands.apply(kind, door)
        assert bench.calls[-1].startswith("DELETE")


@pytest.mark.parametrize("told", [{"id": 5001, "suspended": False}, {"id": 9, "suspended": True}, {"id": 5001}])
async def test_a_suspension_that_brivo_does_not_repeat_is_none(told: dict[str, Any]) -> None:
    async with rig() as bench:
        await bench.grant()
        bench.wire.arm(faults.answers(200, json.dumps(told)), at=1)
        with pytest.raises(Anomaly):
            await bench.hands.apply(Kind.SUSPEND)


async def test_no_group_is_joined_on_another_success_than_the_documented_one() -> None:
    async with rig() as bench:
        bench.wire.arm(faults.answers(200, "{}"), at=4)
        with pytest.raises(Anomaly):
            await bench.grant()


@pytest.mark.parametrize("call", range(5))
async def test_a_wrong_path_is_said_to_be_one(call: int) -> None:
    async with rig() as bench:
        bench.wire.arm(faults.answers(596, "<h1>596 Service Not Found</h1>"), at=call)
        with pytest.raises(Rejected) as caught:
            await bench.grant()
        assert ("auth_url" if call == 0 else "api_url") in str(caught.value)
