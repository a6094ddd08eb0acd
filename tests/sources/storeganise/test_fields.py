from datetime import UTC, date, timedelta, timezone
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly
from bridge.domain.ids import RentalId
from bridge.domain.tenancy import FieldWrites, RentalFields, Resync
from bridge.sources.storeganise.days import read_day
from bridge.sources.storeganise.fields import FieldCodes

CODES = FieldCodes(prefix="gate")
LONDON = ZoneInfo("Europe/London")
OURS = ["gate_pinCode", "gate_overlocked", "gate_overdueUntil", "gate_resync", "gate_status", "gate_id"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "target", "opted_out"),
    [
        ("ZONE2:14", "ZONE2:14", False),
        (" B-014 ", "B-014", False),
        (14, "14", False),
        (14.0, "14", False),
        (None, None, False),
        ("", None, False),
        ("   ", None, False),
        ("NONE", None, True),
        (" NONE ", None, True),
        ("none", "none", False),
        ("a\nb", None, False),
        ("a\x00", None, False),
        ("x" * 257, None, False),
    ],
)
def test_a_units_mapping_is_read(value: Any, target: str | None, opted_out: bool) -> None:  # noqa: FBT001  # a column of the table above
    mapping = CODES.read_unit({"gate_id": value}, "units/u1")
    assert (mapping.target, mapping.opted_out) == (target, opted_out)


@pytest.mark.parametrize("value", [True, [], {}, ["a"], 1.5])
def test_a_mapping_of_another_type_is_an_anomaly(value: Any) -> None:
    with pytest.raises(Anomaly, match="gate_id"):
        CODES.read_unit({"gate_id": value}, "units/u1")


@pytest.mark.parametrize(
    ("value", "code"),
    [("482913", "482913"), ("004829", "004829"), (" 482913 ", "482913"), (482913, "482913"), ("", None), (None, None)],
)
def test_a_gate_code_is_text_and_keeps_its_zeros(value: Any, code: str | None) -> None:
    fields = CODES.read_rental({"gate_pinCode": value}, "unit-rentals/r1", LONDON)
    assert fields.code == (None if code is None else GateCode(code))


@pytest.mark.parametrize(
    ("value", "overlocked"),
    [(True, True), ("true", True), ("TRUE ", True), (False, False), ("false", False), (None, False), ("", False)],
)
def test_the_overlock_switch_is_read(value: Any, overlocked: bool) -> None:  # noqa: FBT001  # a column of the table above
    assert CODES.read_rental({"gate_overlocked": value}, "unit-rentals/r1", LONDON).overlocked is overlocked


@pytest.mark.parametrize("value", ["yes", "maybe", 1, 0, [], {}])
def test_a_switch_that_is_neither_on_nor_off_is_an_anomaly(value: Any) -> None:
    with pytest.raises(Anomaly, match="gate_overlocked"):
        CODES.read_rental({"gate_overlocked": value}, "unit-rentals/r1", LONDON)


@pytest.mark.parametrize(
    ("value", "until"),
    [
        ("2026-03-10", date(2026, 3, 10)),
        ("2026-06-30T23:30:00.000Z", date(2026, 7, 1)),
        ("", None),
        (None, None),
    ],
)
def test_staffs_goodwill_is_a_day_by_the_sites_wall_clock(value: Any, until: date | None) -> None:
    assert CODES.read_rental({"gate_overdueUntil": value}, "unit-rentals/r1", LONDON).overdue_until == until


@pytest.mark.parametrize("value", ["next week", "10.03.2026", "2026-02-30", 20260310, True, ["2026-03-10"]])
def test_goodwill_that_is_no_day_is_an_anomaly_naming_the_field_without_its_value(value: Any) -> None:
    with pytest.raises(Anomaly, match=r"unit-rentals/r1: customFields\.gate_overdueUntil is no ") as raised:
        CODES.read_rental({"gate_overdueUntil": value}, "unit-rentals/r1", LONDON)
    assert str(value) not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "wish"),
    [
        ("resync", Resync.RESYNC),
        (" Resync ", Resync.RESYNC),
        (True, Resync.RESYNC),
        ("true", Resync.RESYNC),
        ("rotate", Resync.ROTATE),
        ("rotate please", None),
        ("false", None),
        (False, None),
        (1, None),
        (["rotate"], None),
        ("", None),
        (None, None),
    ],
)
def test_a_resync_is_asked_for_in_our_words_only(value: Any, wish: Resync | None) -> None:
    assert CODES.read_rental({"gate_resync": value}, "unit-rentals/r1", LONDON).resync is wish


def test_another_integrations_fields_are_not_ours() -> None:
    theirs = {"noke_pinCode": "1111", "noke_overlocked": True, "gate2_status": "x", "pinCode": "2222"}
    assert CODES.read_rental(theirs, "unit-rentals/r1", LONDON) == RentalFields()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(OURS), ANYTHING))
def test_whatever_stands_in_our_fields_is_read_or_is_an_anomaly_without_its_value(fields: dict[str, Any]) -> None:
    for read in (partial(CODES.read_rental, zone=LONDON), CODES.read_unit):
        try:
            read(fields, "it")
        except Anomaly as error:
            assert str(error) in {  # noqa: PT017  # the property is about the text, where there is an error at all
                *(f"it: customFields.{code} is no text" for code in fields),
                "it: customFields.gate_overlocked is neither true nor false",
                "it: customFields.gate_overdueUntil is no date between 2000 and 2199",
            }


@pytest.mark.parametrize(
    ("writes", "fields"),
    [
        (FieldWrites(rental=RentalId("r1")), {}),
        (FieldWrites(rental=RentalId("r1"), status="granted"), {"gate_status": "granted"}),
        (FieldWrites(rental=RentalId("r1"), code=GateCode("482913")), {"gate_pinCode": "482913"}),
        (
            FieldWrites(rental=RentalId("r1"), clear_code=True, status="revoked"),
            {"gate_pinCode": None, "gate_status": "revoked"},
        ),
        (FieldWrites(rental=RentalId("r1"), clear_resync=True), {"gate_resync": None}),
        (FieldWrites(rental=RentalId("r1"), overlock=True), {"gate_overlocked": True}),
    ],
)
def test_only_what_is_given_is_written(writes: FieldWrites, fields: dict[str, Any]) -> None:
    assert CODES.to_write(writes) == fields


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-04", date(2026, 3, 4)),
        (" 2026-03-04 ", date(2026, 3, 4)),
        ("2026-03-04T00:00:00.000Z", date(2026, 3, 4)),
        ("2026-06-30T23:30:00.000Z", date(2026, 7, 1)),
        ("2026-06-30T23:30:00", date(2026, 6, 30)),
        ("2026-06-30 23:30:00+00:00", date(2026, 7, 1)),
        ("2000-01-01", date(2000, 1, 1)),
        ("2199-12-31", date(2199, 12, 31)),
        (None, None),
        ("", None),
        ("  ", None),
    ],
)
def test_a_day_is_read_by_the_sites_wall_clock(text: str | None, day: date | None) -> None:
    assert read_day(text, LONDON, "startDate") == day


@pytest.mark.parametrize(
    "text",
    [
        "1999-12-31",
        "2200-01-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2026-02-30",
        "04/03/2026",
        "20260304",
        "2026-W10-3",
        "\u0662\u0660\u0662\u0666-03-04",
        "tomorrow",
        "2026-03-04Tnoon",
    ],
)
def test_what_is_no_plausible_day_is_an_anomaly(text: str) -> None:
    with pytest.raises(Anomaly, match="startDate"):
        read_day(text, LONDON, "startDate")


@settings(deadline=None)
@given(st.text(max_size=40) | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14))])).map(str))
def test_any_text_is_a_day_within_bounds_or_an_anomaly(text: str) -> None:
    try:
        day = read_day(text, ZoneInfo("Pacific/Auckland"), "startDate")
    except Anomaly:
        return
    assert day is None or 2000 <= day.year <= 2199
