"""What the bridge made is not forgotten with its mark, nor shown by what it is called or given."""

import json

import pytest

from adapters.generic_http.simulation import UnitsSimulation
from adapters.generic_http.suite import BY_UNIT, MADE
from bridge.domain.changes import Kind
from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly, Rejected
from bridge.domain.ids import TargetId
from bridge.domain.tenancy import Tenant
from bridge.ports.adapter import Person
from bridge.testing import wire as faults
from bridge.testing.hands import somebody
from tests.adapters.generic_http.test_vendors import CODE, DOOR, at, edited, people, units

pytestmark = pytest.mark.anyio
LETTERS, SIGNS = GateCode("AB12CD"), GateCode("A-1*B+")
WITH_LETTERS = 'capabilities.code_alphabet = "ABCD0123456789-*+"'
NAMED = """
entry.mark = "name"
entry.mark_match = "word"
requests.grant.form.name = "{tenant.name} {person.mark}"
requests.update.form.name = "{tenant.name} {person.mark}"
"""


def renamed(simulation: UnitsSimulation) -> None:
    """Correct the names by hand, as staff do who wonder what stands behind them."""
    for visitor in simulation._visitors.values():
        visitor.name = "Mira Okafor-Lind"


@pytest.mark.parametrize("kind", [Kind.GRANT, Kind.REMOVE_PERSON])
async def test_somebody_who_lost_the_mark_by_hand_is_not_gone(kind: Kind) -> None:
    """Else another is made, and the first one's code opens for ever."""
    async with units(NAMED) as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        renamed(simulation)
        target, code = (DOOR, CODE) if kind is Kind.GRANT else (None, None)
        with pytest.raises(Anomaly, match="gb-"):
            await hands.observe()
        with pytest.raises(Anomaly, match=r"requests\.show\.others"):
            await hands.apply(kind, target, code)
        assert simulation.credentials(DOOR) == 1


async def test_an_id_that_passes_to_others_may_be_told_to_be_one() -> None:
    async with units(NAMED + 'requests.show.others = "ignore"') as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        renamed(simulation)
        assert not (await hands.observe()).exists


async def test_a_person_whose_mark_was_emptied_is_not_made_again() -> None:
    async with people() as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        for one in simulation._people.values():
            one.external_ref = None
        with pytest.raises(Anomaly):
            await hands.apply(Kind.GRANT, DOOR, CODE)
        assert simulation.credentials(DOOR) == 1


async def test_a_reference_that_names_no_place_is_looked_for_everywhere() -> None:
    """It is from before the look-up was written door by door."""
    async with units() as (_, before, _):
        await before.apply(Kind.GRANT, DOOR, CODE)
        ref = before.ref
    async with units(BY_UNIT + 'requests.show = "-"') as (_, hands, simulation):
        await hands.apply(Kind.GRANT, DOOR, CODE)
        hands.ref = ref
        await hands.apply(Kind.REMOVE_PERSON)
        assert simulation.made() == 0


@pytest.mark.parametrize(
    ("kind", "target", "code", "path", "method"),
    [
        (Kind.GRANT, DOOR, LETTERS, "/v2/people", "POST"),
        (Kind.CHANGE_CODE, None, LETTERS, "/pin", "PUT"),
        (Kind.GRANT, DOOR, SIGNS, "/v2/people", "POST"),
    ],
)
async def test_a_code_with_letters_or_signs_is_in_no_error(
    kind: Kind, target: TargetId | None, code: GateCode, path: str, method: str
) -> None:
    said = json.dumps({"error": {"code": "x", "message": f"PIN {code.reveal().lower()} is no good"}})
    async with people(WITH_LETTERS) as (bench, hands, _):
        if kind is Kind.CHANGE_CODE:
            await hands.apply(Kind.GRANT, DOOR, CODE)
        bench.wire.arm(at(path, faults.answers(422, said), method=method), times=None)
        with pytest.raises(Rejected) as caught:
            await hands.apply(kind, target, code)
        assert str(caught.value).endswith("(PIN # is no good)")


async def test_a_name_that_was_cut_short_is_in_no_error() -> None:
    name = "Maximiliane Wolfeschlegelsteinhausenbergerdorff"
    person = Person(key=somebody().key, subject=somebody().subject, tenant=Tenant(name=name))
    async with people("names.max_name = 30") as (bench, _, _):
        said = json.dumps({"error": {"code": "x", "message": "no Maximiliane Wolfeschlegelstei… here"}})
        bench.wire.arm(at("/v2/people", faults.answers(422, said), method="POST"), times=None)
        with pytest.raises(Rejected) as caught:
            await bench.hands(person).apply(Kind.GRANT, DOOR, CODE)
        assert "Wolfe" not in str(caught.value)


@pytest.mark.parametrize("mask", ["xxxxxx", "######", "xx1305"])
async def test_a_mask_is_no_code_that_the_vendor_made(mask: str) -> None:
    """Else it would be written to the tenant as theirs."""
    async with people(MADE, makes_pins=True) as (bench, hands, _):
        await hands.apply(Kind.GRANT, DOOR)
        bench.wire.arm(edited(pin=mask), times=None)
        with pytest.raises(Anomaly, match="code_alphabet"):
            await hands.observe()


@pytest.mark.parametrize("target", ["007", "-0", "1x", "٣"])
async def test_a_target_that_a_number_would_change_is_refused(target: str) -> None:
    """Its door would be shown as another's, and never be taken away."""
    changes = (
        'requests.grant = { form = "-", json = { unit = "{target|int}", pin = "{code}", note = "{person.mark}" } }'
    )
    async with units(changes) as (_, hands, simulation):
        with pytest.raises(Rejected, match="whole number"):
            await hands.apply(Kind.GRANT, TargetId(target), CODE)
        assert simulation.made() == 0
