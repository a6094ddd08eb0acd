"""What holds for the source as a whole."""

import json
from importlib.metadata import entry_points
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.domain.credential import GateCode
from bridge.domain.errors import BridgeError, Refused
from bridge.domain.tenancy import FieldWrites
from bridge.ports.source import Source
from bridge.sources.storeganise import SOURCE
from tests.sources.storeganise.platform_wire import (
    ADDON_KEY,
    API_KEY,
    RENTAL,
    SITE,
    SUBJECT,
    PlatformWire,
    delivery,
    fixture,
    open_source,
)

pytestmark = pytest.mark.anyio

VECTOR = (
    b'{"id":"665f0c1e8a7b2d0015aa1001","type":"unitRental.updated","data":{"unitRentalId":"665f0c1e8a7b2d0015aa2001",'
    b'"changedKeys":["customFields.gate_pin"]},"apiUrl":"https://lakesidebox.storeganise.com/api",'
    b'"addonId":"665f0c1e8a7b2d0015aa9001"}'
)
SIGNATURE = "xaaxKMbUFeCbvamSN6fHHijV9qrj48UX5s0MyJH+R5o="
CODE = "482913"


async def test_the_entry_point_offers_this_source() -> None:
    (offer,) = entry_points(group="gatebridge.sources", name="storeganise")
    assert offer.load() is SOURCE


async def test_the_source_has_all_three_faces(wire: PlatformWire) -> None:
    source: Source = open_source(wire)
    assert source.read_envelope(VECTOR).event_id == "665f0c1e8a7b2d0015aa1001"


async def test_the_references_vector_is_accepted(wire: PlatformWire) -> None:
    open_source(wire).verify({"sg-signature": SIGNATURE}, VECTOR)


async def test_the_same_event_serialised_again_is_refused(wire: PlatformWire) -> None:
    with pytest.raises(Refused):
        open_source(wire).verify({"sg-signature": SIGNATURE}, json.dumps(json.loads(VECTOR)).encode())


async def test_no_signature_and_no_key_is_kept_with_a_delivery() -> None:
    assert not {"sg-signature", "authorization", "cookie"} & set(SOURCE.kept_headers)


async def test_opening_a_source_asks_nothing(wire: PlatformWire) -> None:
    open_source(wire)
    assert wire.asked == []


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_no_code_no_key_and_no_name_leaves_in_an_error_or_a_log_line(wire: PlatformWire, status: int) -> None:
    leaky = {"error": {"type": "bad", "message": f"pin {CODE} of rental, key given"}}
    for path in (f"unit-rentals/{RENTAL}", "unit-rentals", "addons/a1"):
        wire.answer(path, leaky, status=status)
    wire.answer(f"unit-rentals/{RENTAL}", leaky, status=status, method="PUT")
    source = open_source(wire, addon_key=ADDON_KEY)
    told: list[str] = []

    async def tell(work: Any) -> None:
        with pytest.raises(BridgeError) as caught:
            await work
        told.append(repr(caught.value))

    with capture_logs() as logged:
        await tell(source.resolve(delivery("unitRental.updated", {"unitRentalId": RENTAL})))
        await tell(source.snapshot(SUBJECT, {}))
        await tell(source.write_back(FieldWrites(rental=RENTAL, code=GateCode(CODE)), site=SITE))
    everything = repr(told) + repr(logged)
    for secret in (CODE, API_KEY, ADDON_KEY, "Okafor"):
        assert secret not in everything


async def test_no_code_leaves_in_a_snapshots_text(wire: PlatformWire) -> None:
    wire.answer("unit-rentals", [fixture("rental_occupied")])
    assert CODE not in repr(await open_source(wire).snapshot(SUBJECT, {}))
