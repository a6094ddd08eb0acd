"""What vendors do that no document tells: doubles, lists that lie, words that nobody knows."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from adapters.generic_http import ADAPTER
from adapters.generic_http.simulation import PeopleKind, PeopleSimulation, UnitsSimulation
from adapters.generic_http.suite import BLOCKS_PEOPLE, BY_UNIT
from bridge.domain.changes import EntryState, Kind
from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly, BridgeError, Conflict, OutcomeUnknown, Rejected, Unsupported
from bridge.domain.ids import TargetId
from bridge.domain.tenancy import Tenant
from bridge.ports.findings import Verdict
from bridge.testing import wire as faults
from bridge.testing.conformance import Bench, SimulatedClock
from bridge.testing.conformance.bench import benched
from bridge.testing.hands import Crash, Hands, Keeping, somebody
from bridge.testing.wire import Carry, Fault

pytestmark = pytest.mark.anyio

DOOR, OTHER = TargetId("B-014"), TargetId("B-021")
CODE, DOUBLES_CODE = GateCode("048213"), GateCode("590274")
ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED
NOT_UNDERSTOOD = 'requests.find.query = { external_ref = "-", reference = "{person.mark}" }\n'
"""The vendor knows no such parameter, and lists everybody."""
NO_SHOW = 'requests.show = "-"'


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.outbound.calls.READ_RETRY_SECONDS", 0.0)


@asynccontextmanager
async def people(changes: str = "", **kind: Any) -> AsyncIterator[tuple[Bench, Hands, PeopleSimulation]]:
    clock = SimulatedClock()
    simulation = PeopleSimulation(clock, PeopleKind(changes=changes, **kind))
    async with benched(ADAPTER, simulation, clock) as bench:
        yield bench, bench.hands(), simulation


@asynccontextmanager
async def units(changes: str = "") -> AsyncIterator[tuple[Bench, Hands, UnitsSimulation]]:
    clock = SimulatedClock()
    simulation = UnitsSimulation(clock, changes=changes)
    async with benched(ADAPTER, simulation, clock) as bench:
        yield bench, bench.hands(), simulation


def at(path: str, fault: Fault, *, method: str = "GET") -> Fault:
    """Have `fault` happen to calls of one path only."""

    async def chosen(request: httpx.Request, carry: Carry) -> httpx.Response:
        is_it = request.url.path.endswith(path) and request.method == method
        return await (fault(request, carry) if is_it else carry(request))

    return chosen


async def comes_twice(request: httpx.Request, carry: Carry) -> httpx.Response:
    """A network that sends a request again, and brings back the second answer."""
    await carry(request)
    return await carry(request)


def edited(**changes: Any) -> Fault:
    """Change what each listed person or visitor has."""

    async def fault(request: httpx.Request, carry: Carry) -> httpx.Response:
        body = (await carry(request)).json()
        for item in body.get("visitors") or body["data"]["people"]:
            item.update(changes)
        return httpx.Response(200, content=json.dumps(body), request=request)

    return fault


@pytest.mark.parametrize(
    "kind", [Kind.GRANT, Kind.RESUME, Kind.SUSPEND, Kind.REVOKE, Kind.CHANGE_CODE, Kind.REMOVE_PERSON]
)
async def test_a_person_who_was_made_twice_is_in_doubt_and_ends_as_one(kind: Kind) -> None:
    async with people() as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        simulation.double(DOUBLES_CODE.reveal())
        seen = await hands.observe()
        assert (seen.code, seen.code_in_doubt, seen.entries) == (None, True, {DOOR: ACTIVE})
        target = None if kind in {Kind.CHANGE_CODE, Kind.REMOVE_PERSON} else DOOR
        await hands.apply(kind, target, None if kind is Kind.REMOVE_PERSON else CODE)
        expected = {Kind.REMOVE_PERSON: 0, Kind.REVOKE: 2}.get(kind, 1)  # a removal only takes away
        assert simulation.made() == expected
        assert not simulation.opens(DOUBLES_CODE.reveal(), DOOR)


@pytest.mark.parametrize(
    "kind", [Kind.GRANT, Kind.RESUME, Kind.SUSPEND, Kind.REVOKE, Kind.CHANGE_CODE, Kind.REMOVE_PERSON]
)
async def test_an_entry_that_was_made_twice_ends_as_one(kind: Kind) -> None:
    async with units() as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        simulation.double(DOUBLES_CODE.reveal())
        assert (await hands.observe()).code_in_doubt
        target = None if kind in {Kind.CHANGE_CODE, Kind.REMOVE_PERSON} else DOOR
        await hands.apply(kind, target, None if kind is Kind.REMOVE_PERSON else CODE)
        assert simulation.credentials(DOOR) == (0 if kind in {Kind.REVOKE, Kind.REMOVE_PERSON} else 1)
        assert not simulation.opens(DOUBLES_CODE.reveal(), DOOR)


async def test_what_only_the_double_had_open_is_carried_over_and_what_it_had_closed_is_not() -> None:
    async with people() as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        await hands.apply(Kind.GRANT, OTHER, CODE)
        await hands.apply(Kind.SUSPEND, OTHER)
        simulation.double(DOUBLES_CODE.reveal())
        await hands.apply(Kind.REVOKE, DOOR)
        simulation.double("777111")
        await hands.apply(Kind.CHANGE_CODE, None, CODE)
        assert (simulation.made(), (await hands.observe()).entries) == (1, {OTHER: SUSPENDED})


async def test_a_creation_that_came_twice_is_adopted() -> None:
    async with people() as (bench, hands, simulation):
        bench.wire.arm(at("/v2/people", comes_twice, method="POST"), times=None)
        await hands.apply(Kind.GRANT, DOOR, CODE)
        assert (simulation.made(), (await hands.observe()).entries) == (1, {DOOR: ACTIVE})


async def test_somebody_elses_code_stays_a_conflict() -> None:
    async with people() as (_, hands, simulation):
        simulation.add_by_hand(CODE.reveal(), DOOR)
        with pytest.raises(Conflict) as caught:
            await hands.apply(Kind.GRANT, DOOR, CODE)
        assert (str(caught.value), simulation.made()) == ("create: the vendor answered 409 (pin_taken)", 0)


@pytest.mark.parametrize("changes", ["", NO_SHOW])
async def test_an_empty_list_about_somebody_who_is_there_proves_nothing(changes: str) -> None:
    async with people(changes) as (bench, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        bench.wire.arm(faults.answers(200, '{"data": {"people": []}, "next": null}'))
        with pytest.raises(Anomaly):
            await hands.observe()
        bench.wire.arm(faults.answers(200, '{"data": {"people": []}, "next": null}'))
        with pytest.raises(Anomaly):
            await hands.apply(Kind.GRANT, OTHER, CODE)
        assert simulation.made() == 1


async def test_one_of_two_entries_that_is_not_listed_proves_nothing() -> None:
    async with units() as (bench, hands, _):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        await hands.apply(Kind.GRANT, OTHER, CODE)
        bench.wire.arm(at("/visitors", faults.answers(200, '{"result": "ok", "visitors": [], "total": 0}')))
        with pytest.raises(Anomaly, match="its listing does not show"):
            await hands.observe()


async def test_somebody_who_was_removed_by_hand_is_gone() -> None:
    async with people() as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        ref = hands.ref
        await hands.apply(Kind.REMOVE_PERSON)
        hands.ref = ref
        assert not (await hands.observe()).exists
        await hands.apply(Kind.GRANT, DOOR, CODE)
        assert simulation.made() == 1


@pytest.mark.parametrize(
    "changes",
    [{"status": "on holiday"}, {"status": None}, {"access": None}, {"access": [{"door": "B-014"}]}, {"pin": 48213},
     {"pin": "******"}, {"external_ref": "somebody else"}, {"id": None}, {"id": True}],
)  # fmt: skip
async def test_a_person_who_cannot_be_read_is_no_proof(changes: dict[str, Any]) -> None:
    async with people() as (bench, hands, _):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        bench.wire.arm(edited(**changes), times=None)
        with pytest.raises(Anomaly) as caught:
            await hands.observe()
        assert CODE.reveal() not in str(caught.value)


async def test_masked_codes_are_told_to_be_an_option() -> None:
    async with people(masks_pins=True) as (_, hands, _):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        with pytest.raises(Anomaly, match=r"capabilities\.shows_codes = false"):
            await hands.observe()


async def test_a_vendor_that_lists_others_than_were_asked_for_fails_the_check() -> None:
    async with people(NOT_UNDERSTOOD) as (bench, hands, simulation):
        simulation.add_by_hand(CODE.reveal(), DOOR)
        (failed,) = [one for one in await bench.adapter.check() if one.verdict is Verdict.FAILED]
        assert "requests.find.others" in failed.text
        assert "options.requests" in failed.advice
        with pytest.raises(Anomaly):
            await hands.observe()


async def test_a_vendor_that_finds_by_likeness_may_list_others() -> None:
    changes = f'{NOT_UNDERSTOOD}requests.find.others = "ignore"'
    async with people(changes) as (_, hands, simulation):
        simulation.add_by_hand(DOUBLES_CODE.reveal(), DOOR)
        await hands.apply(Kind.GRANT, DOOR, CODE)
        assert (await hands.observe()).entries == {DOOR: ACTIVE}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ('requests.find.paging.param = "seite"', "two pages are the same"),
        ('requests.find.paging = { kind = "none", param = "-", size_param = "-" }', "shorter than the vendor says"),
        ('requests.find.paging.total = "result"', "there is no total"),
    ],
)
async def test_a_list_whose_end_is_not_seen_is_not_believed(changes: str, said: str) -> None:
    async with units(changes) as (_, hands, simulation):
        simulation.crowd(130)
        with pytest.raises(Anomaly, match=said):
            await hands.observe()


async def test_a_cursor_that_leads_nowhere_ends_in_an_error() -> None:
    async with people() as (bench, hands, _):
        bench.wire.arm(at("/v2/people", faults.answers(200, '{"data": {"people": []}, "next": "x"}')), times=None)
        with pytest.raises(Anomaly, match="does not end"):
            await hands.observe()


async def test_where_one_finds_by_target_the_place_is_kept_before_anything_is_made() -> None:
    async with units(BY_UNIT) as (_, hands, simulation):
        hands.crashes_at = Keeping.REF
        with pytest.raises(Crash):
            await hands.apply(Kind.GRANT, DOOR, CODE)
        assert simulation.made() == 0
        await hands.apply(Kind.GRANT, DOOR, CODE)
        assert hands.ref is not None
        assert hands.ref["targets"] == [DOOR]


async def test_without_a_reference_every_target_is_looked_at() -> None:
    async with units(BY_UNIT) as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        await hands.apply(Kind.GRANT, OTHER, CODE)
        hands.ref = None
        await hands.apply(Kind.REMOVE_PERSON)
        assert simulation.made() == 0


async def test_a_person_whom_staff_blocked_is_not_opened_around_it() -> None:
    async with people() as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        simulation.block_by_hand()
        assert (await hands.observe()).entries == {DOOR: SUSPENDED}
        with pytest.raises(Rejected, match="by hand"):
            await hands.apply(Kind.RESUME, DOOR, CODE)
        await hands.apply(Kind.REMOVE_PERSON)
        assert simulation.made() == 0


async def test_a_grant_leaves_a_suspended_person_suspended() -> None:
    async with people(BLOCKS_PEOPLE) as (_, hands, _):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        await hands.apply(Kind.SUSPEND)
        await hands.apply(Kind.GRANT, OTHER, CODE)
        assert (await hands.observe()).entries == {DOOR: SUSPENDED, OTHER: SUSPENDED}


async def test_an_entry_that_is_accepted_and_not_in_force_is_unsettled() -> None:
    async with units('entry.active = ["2"]\nentry.pending = ["1"]') as (_, hands, _):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        seen = await hands.observe()
        assert (dict(seen.entries), seen.unsettled) == ({DOOR: ACTIVE}, frozenset({DOOR}))


async def test_entries_may_be_a_list_of_their_own() -> None:
    changes = """
    entry.within = "-"
    [requests.entries]
    method = "GET"
    path = "/v2/people/{id}"
    items = "data.access[*]"
    """
    async with people(changes) as (_, hands, _):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        assert (await hands.observe()).entries == {DOOR: ACTIVE}


async def test_a_mark_may_be_a_word_of_a_name() -> None:
    changes = """
    entry.mark = "name"
    entry.mark_match = "word"
    requests.grant.form.name = "{tenant.name} {person.mark}"
    requests.update.form.name = "{tenant.name} {person.mark}"
    """
    async with units(changes) as (bench, hands, _):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        await hands.apply(Kind.UPDATE_PERSON)
        assert (await hands.observe()).entries == {DOOR: ACTIVE}
        assert not (await bench.hands(somebody(tenant="t-2")).observe()).exists


async def test_a_write_whose_answer_has_another_form_is_unknown_and_looked_for() -> None:
    async with people() as (bench, hands, simulation):
        bench.wire.arm(at("/v2/people", faults.does_and_answers(201, '{"created": true}'), method="POST"), times=None)
        with pytest.raises(OutcomeUnknown):
            await hands.apply(Kind.GRANT, DOOR, CODE)
        bench.wire.mend()
        await hands.apply(Kind.GRANT, DOOR, CODE)
        assert simulation.made() == 1


async def test_a_success_that_does_not_say_that_it_is_done_is_unknown() -> None:
    async with units() as (bench, hands, _):
        bench.wire.arm(at("/visitors", faults.answers(200, '{"accepted": true}'), method="POST"), times=None)
        with pytest.raises(OutcomeUnknown):
            await hands.apply(Kind.GRANT, DOOR, CODE)


async def test_a_refusal_in_the_vendors_words_names_no_tenant_and_no_code() -> None:
    tenant = Tenant(name="Wilhelmina Quackenbush", email="quack@example.org", phone="+44 20 7946 0123")
    said = f"{tenant.name}, {tenant.email}, {tenant.phone} with PIN {CODE.reveal()} is too tall"
    async with people() as (bench, _, _):
        hands = bench.hands(replace(somebody(), tenant=tenant))
        body = json.dumps({"error": {"code": "tall", "message": said}})
        bench.wire.arm(at("/v2/people", faults.answers(422, body), method="POST"), times=None)
        with pytest.raises(Rejected) as caught:
            await hands.apply(Kind.GRANT, DOOR, CODE)
        assert str(caught.value) == "create: the vendor answered 422 (# #, #@#.#, +# # # # with PIN # is too tall)"


async def test_what_is_not_configured_is_unsupported() -> None:
    async with people('requests.list_targets = "-"') as (bench, _, _):
        with pytest.raises(Unsupported):
            await bench.adapter.targets()


async def test_the_check_tells_what_it_tried() -> None:
    async with people() as (bench, _, simulation):
        texts = [(one.verdict, one.text) for one in await bench.adapter.check()]
        assert texts == [
            (Verdict.OK, "answers its check"),
            (Verdict.OK, "lists 3 targets"),
            (Verdict.OK, "answers the look-up of people as configured"),
        ]
        assert simulation.made() == 0


async def test_no_call_of_a_reference_that_makes_no_sense_is_made() -> None:
    async with people() as (_, hands, _):
        hands.ref = {"ids": "p-1", "targets": 3}
        try:
            assert not (await hands.observe()).exists
        except BridgeError as error:
            pytest.fail(str(error))
