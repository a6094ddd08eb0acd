"""The bodies that the platform posts, and their signature (reference, sections 2.2 and 2.3)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.domain.credential import Secret
from bridge.sandbox.platform import Event, EventType, Hook, PlatformSettings, Variant
from bridge.sandbox.platform.envelope import names_job, render, sign

SETTINGS = PlatformSettings(public_url="https://lakesidebox.storeganise.com")
CREATED = datetime(2026, 3, 4, 12, 0, 7, 412000, tzinfo=UTC)
KEYS = ("customFields.gate_pin", "startDate")


def event(event_type: EventType, *, rentals: tuple[str, ...] = ("r1",), keys: tuple[str, ...] | None = None) -> Event:
    unit = "u1" if event_type.startswith("unit.") else None
    return Event(
        id="e1",
        type=event_type,
        created=CREATED,
        job_id="j1",
        rental_ids=() if unit else rentals,
        unit_id=unit,
        changed_keys=keys,
    )


def body(what: Event, variant: Variant, *, has_created: bool = True) -> dict[str, Any]:
    hook = Hook(url="", secret=Secret("s"), variant=variant, addon_id="a1", has_created=has_created)
    read = json.loads(render(what, "e1", hook, SETTINGS, "j1"))
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize(
    ("variant", "keys"),
    [
        (Variant.LEGACY, {"id", "created", "type", "data"}),
        (Variant.PLAIN, {"id", "created", "type", "data", "businessCode"}),
        (Variant.PLAIN_WITH_URL, {"id", "created", "type", "data", "businessCode", "apiUrl"}),
        (Variant.ADDON, {"id", "created", "type", "data", "apiUrl", "addonId"}),
    ],
)
def test_each_variant_has_its_own_keys(variant: Variant, keys: set[str]) -> None:
    assert body(event(EventType.MOVE_IN_COMPLETED), variant).keys() == keys


def test_the_event_time_can_be_left_out() -> None:
    assert "created" not in body(event(EventType.MOVE_IN_COMPLETED), Variant.ADDON, has_created=False)


def test_times_have_milliseconds_and_z_and_the_api_url_has_no_version() -> None:
    read = body(event(EventType.MOVE_IN_COMPLETED), Variant.ADDON)
    assert (read["created"], read["apiUrl"]) == (
        "2026-03-04T12:00:07.412Z",
        "https://lakesidebox.storeganise.com/api",
    )


@pytest.mark.parametrize(
    ("what", "plain", "addon", "legacy"),
    [
        (event(EventType.MOVE_IN_COMPLETED), {"jobId": "j1"}, {"unitRentalId": "r1"}, {"jobId": "j1"}),
        (event(EventType.MOVE_OUT_CREATED), {"jobId": "j1"}, {"unitRentalId": "r1"}, {"jobId": "j1"}),
        (
            event(EventType.TRANSFER_COMPLETED, rentals=("r1", "r2")),
            {"jobId": "j1"},
            {"oldRentalId": "r1", "newRentalId": "r2"},
            {"jobId": "j1"},
        ),
        (
            event(EventType.RENTAL_UPDATED, keys=KEYS),
            {"unitRentalId": "r1", "changedKeys": list(KEYS)},
            {"unitRentalId": "r1", "changedKeys": list(KEYS)},
            {"jobId": "j1"},
        ),
        (event(EventType.MARK_OVERDUE), {"unitRentalId": "r1"}, {"unitRentalId": "r1"}, {"jobId": "j1"}),
        (
            event(EventType.MARK_OVERDUE, rentals=("r1", "r2")),
            {"unitRentalIds": ["r1", "r2"]},
            {"unitRentalIds": ["r1", "r2"]},
            {"jobId": "j1"},
        ),
        (
            event(EventType.UNIT_UPDATED, keys=("state",)),
            {"unitId": "u1", "changedKeys": ["state"]},
            {"unitId": "u1", "changedKeys": ["state"]},
            {"unitId": "u1", "changedKeys": ["state"]},
        ),
    ],
    ids=["move-in", "move-out", "transfer", "updated", "overdue", "overdue-batch", "unit"],
)
def test_the_data_of_an_event_are_as_documented(
    what: Event, plain: dict[str, Any], addon: dict[str, Any], legacy: dict[str, Any]
) -> None:
    read = {variant: body(what, variant)["data"] for variant in Variant}
    assert read == {
        Variant.PLAIN: plain,
        Variant.PLAIN_WITH_URL: plain,
        Variant.ADDON: addon,
        Variant.LEGACY: legacy,
    }


def test_only_a_body_that_names_a_job_asks_for_one() -> None:
    assert names_job(event(EventType.MARK_OVERDUE), Variant.LEGACY)
    assert not names_job(event(EventType.MARK_OVERDUE), Variant.PLAIN)
    assert not names_job(event(EventType.UNIT_UPDATED), Variant.LEGACY)


def test_the_bytes_are_compact_utf8_as_javascript_writes_them() -> None:
    hook = Hook(url="", secret=Secret("s"))
    raw = render(event(EventType.MARK_OVERDUE), "é1", hook, SETTINGS, None)
    assert raw.startswith('{"id":"é1","created":"'.encode())
    assert b", " not in raw


def test_the_signature_is_the_references_own_vector() -> None:
    raw = (
        b'{"id":"665f0c1e8a7b2d0015aa1001","type":"unitRental.updated","data":{"unitRentalId":"665f0c1e8a7b2d0015aa2001",'
        b'"changedKeys":["customFields.gate_pin"]},"apiUrl":"https://lakesidebox.storeganise.com/api",'
        b'"addonId":"665f0c1e8a7b2d0015aa9001"}'
    )
    assert sign(Secret("whs_test_secret"), raw) == "xaaxKMbUFeCbvamSN6fHHijV9qrj48UX5s0MyJH+R5o="
