"""A unit is suggested a target by its name, where nothing else could be meant."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.ids import TargetId, UnitId
from bridge.domain.mapping import Doubt, Standing, UnitMapping, left_over, map_by_name, name_of
from bridge.domain.tenancy import Unit

VENDOR: Mapping[TargetId, str] = {TargetId("d1"): "Unit 101", TargetId("d2"): "Unit 102"}


def unit(name: str, target: str | None = None, **more: Any) -> Unit:
    return Unit(id=UnitId(f"u-{name}"), name=name, target=None if target is None else TargetId(target), **more)


def mapped(*units: Unit, targets: Mapping[TargetId, str] = VENDOR, shared: tuple[str, ...] = ()) -> list[UnitMapping]:
    return list(map_by_name(units, targets, [TargetId(door) for door in shared]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("101", "Unit 101"),
        ("101", "Door #101"),
        ("101", "no. 0101"),
        ("B-014", "b14"),
        ("B-014", "Storage unit B 14"),
        ("B 014", "B_014"),
        ("Straße 7", "STRASSE 07"),
        ("\uff11\uff10\uff11", "101"),
        ("000", "0"),
        ("Unit", "UNIT"),
    ],
)
def test_two_spellings_of_a_name_are_one_name(one: str, other: str) -> None:
    assert name_of(one) == name_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("101", "1010"), ("1-23", "12-3"), ("B-014", "C-014"), ("Gate 1", "1"), ("A1", "1A"), ("10", "1")],
)
def test_two_names_are_not_one(one: str, other: str) -> None:
    assert name_of(one) != name_of(other)


def test_a_pair_is_suggested() -> None:
    (found,) = mapped(unit("0101"))
    assert (found.standing, found.suggestion, found.doubt) == (Standing.UNMAPPED, "d1", None)


def test_what_is_mapped_stays_as_it_is() -> None:
    (found,) = mapped(unit("101", "d2"))
    assert (found.standing, found.suggestion, found.doubt) == (Standing.MAPPED, None, None)


def test_a_unit_that_is_opted_out_is_suggested_nothing() -> None:
    (found,) = mapped(unit("101", opted_out=True))
    assert (found.standing, found.suggestion, found.doubt) == (Standing.OPTED_OUT, None, None)


def test_a_mapped_id_that_the_vendor_does_not_list_is_flagged_and_a_pair_still_suggested() -> None:
    (found,) = mapped(unit("101", "gone"))
    assert (found.standing, found.suggestion) == (Standing.STRAY, "d1")


@pytest.mark.parametrize(
    ("units", "targets", "doubt"),
    [
        ([unit("103")], VENDOR, Doubt.NO_NAMESAKE),
        ([unit("101")], {TargetId("d1"): "101", TargetId("d2"): "Door 101"}, Doubt.SEVERAL_TARGETS),
        ([unit("101"), unit("Unit 101")], VENDOR, Doubt.SEVERAL_UNITS),
        ([unit("101"), unit("Unit 101", opted_out=True)], VENDOR, Doubt.SEVERAL_UNITS),
        ([unit("101"), unit("Unit 101", "d2")], VENDOR, Doubt.SEVERAL_UNITS),
        ([unit("101"), unit("Annexe", "d1")], VENDOR, Doubt.IN_USE),
        ([unit("")], {TargetId("-"): ""}, Doubt.NO_NAMESAKE),
        ([unit("#")], {TargetId("*"): "-"}, Doubt.NO_NAMESAKE),
    ],
)
def test_nothing_is_suggested_where_something_else_could_be_meant(
    units: list[Unit], targets: Mapping[TargetId, str], doubt: Doubt
) -> None:
    found = mapped(*units, targets=targets)[0]
    assert (found.suggestion, found.doubt) == (None, doubt)


def test_all_that_could_be_meant_is_told() -> None:
    (found,) = mapped(unit("101"), targets={TargetId("d1"): "101", TargetId("g1"): "Door 101"})
    assert found.namesakes == ("d1", "g1")


def test_a_door_that_all_share_is_no_units() -> None:
    (found,) = mapped(unit("101"), shared=("d1",))
    assert (found.suggestion, found.doubt) == (None, Doubt.IN_USE)


def test_a_target_without_a_name_is_known_by_its_id() -> None:
    (found,) = mapped(unit("B-014"), targets={TargetId("B14"): " "})
    assert found.suggestion == "B14"


def test_targets_that_nobody_has_are_left_over() -> None:
    mappings = mapped(unit("101"), unit("Annexe", "d3"))
    assert left_over(mappings, [TargetId("d1"), TargetId("d2"), TargetId("d3")]) == ("d2",)


NAMES = st.sampled_from(["1", "01", "Unit 1", "2", "#2", "A1", "", "NONE", "Gate"])
UNITS = st.lists(st.tuples(NAMES, st.sampled_from([None, "d0", "d1", "gone"]), st.booleans()), max_size=5)


@given(UNITS, st.lists(NAMES, max_size=5))
def test_no_target_is_suggested_twice_or_taken_from_anybody(
    rows: list[tuple[str, str | None, bool]], names: list[str]
) -> None:
    units = [
        Unit(id=UnitId(f"u{n}"), name=name, target=None if out or target is None else TargetId(target), opted_out=out)
        for n, (name, target, out) in enumerate(rows)
    ]
    targets = {TargetId(f"d{n}"): name for n, name in enumerate(names)}
    found = map_by_name(units, targets)
    suggested = [mapping.suggestion for mapping in found if mapping.suggestion is not None]
    assert len(suggested) == len(set(suggested))
    assert not set(suggested) & {unit.target for unit in units}
    assert set(suggested) <= targets.keys()
    assert [mapping.unit for mapping in found] == units
