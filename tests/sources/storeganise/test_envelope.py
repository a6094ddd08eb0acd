import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.sources.storeganise.envelope import read_envelope
from tests.sources.storeganise.platform_wire import raw


def body(**fields: Any) -> bytes:
    return json.dumps({"id": "66f1", "type": "unitRental.updated", "data": {}, **fields}).encode()


@pytest.mark.parametrize(
    ("name", "event_id", "event_type"),
    [
        ("event_a_legacy_plain", "66f1a0c2b7d4e90015c0a00a", "job.unit_moveIn.completed"),
        ("event_a_2018_invoice", "66f1a0c2b7d4e90015c0a018", "invoice.create"),
        ("event_b_plain", "66f1a0c2b7d4e90015c0a00b", "job.unit_moveIn.completed"),
        ("event_c_plain_with_api_url", "66f1a0c2b7d4e90015c0a00c", "unitRental.markOverdue"),
        ("event_d_addon", "66f1a0c2b7d4e90015c0a00d", "unitRental.updated"),
    ],
)
def test_id_and_type_are_read_from_every_variant(name: str, event_id: str, event_type: str) -> None:
    envelope = read_envelope(raw(name))
    assert (envelope.event_id, envelope.event_type) == (event_id, event_type)
    assert envelope.unusable is None
    assert not envelope.is_test


@pytest.mark.parametrize(
    "event_id",
    ["", "x" * 129, "x" * 10_240, "a\nb", "a\x00b", "a\u202eb", "schl\u00fcssel", "\x1b[31m", 7, None, ["a"], {"a": 1}],
)
def test_an_id_that_could_do_harm_is_quarantined_under_the_bodys_hash(event_id: Any) -> None:
    unusable = body(id=event_id)
    envelope = read_envelope(unusable)
    assert envelope.event_id == hashlib.sha256(unusable).hexdigest()
    assert envelope.unusable is not None
    assert "printable ASCII" in envelope.unusable
    assert envelope.event_type == "unitRental.updated"


@pytest.mark.parametrize("event_id", ["x", "x" * 128, "a.b", "../../etc", "' OR 1=1"])
def test_a_strange_id_in_plain_characters_is_an_id(event_id: str) -> None:
    assert read_envelope(body(id=event_id)).event_id == event_id


@pytest.mark.parametrize("event_type", ["", "x" * 129, "a\nb", None, 7, ["unitRental.updated"]])
def test_a_body_without_a_usable_type_is_quarantined_as_unknown(event_type: Any) -> None:
    envelope = read_envelope(body(type=event_type))
    assert envelope.unusable is not None
    assert envelope.event_type == "unknown"


@pytest.mark.parametrize(
    "unreadable", [b"", b"[]", b"null", b"<xml/>", b"\xff", b"[" * 100_000, b'{"id": NaN}', b'{"id": "\\ud800"}']
)
def test_a_body_that_cannot_be_read_is_quarantined(unreadable: bytes) -> None:
    envelope = read_envelope(unreadable)
    assert envelope.unusable is not None
    assert envelope.event_id == hashlib.sha256(unreadable).hexdigest()


def test_an_unhandled_type_is_usable() -> None:
    assert read_envelope(body(type="valet.item.low_stock")).unusable is None


@pytest.mark.parametrize("event_type", ["test", "ping", "webhook.test"])
def test_a_test_delivery_is_known_by_its_type(event_type: str) -> None:
    assert read_envelope(body(type=event_type)).is_test


@pytest.mark.parametrize("event_type", ["unitRental.tested", "testing", "job.test.completed", "shipping"])
def test_a_type_that_only_resembles_a_test_is_an_event(event_type: str) -> None:
    assert not read_envelope(body(type=event_type)).is_test


@settings(deadline=None)
@given(
    st.binary(max_size=200)
    | st.fixed_dictionaries(
        {}, optional={"id": st.none() | st.text() | st.integers(), "type": st.text() | st.lists(st.text())}
    ).map(lambda value: json.dumps(value).encode())
)
def test_reading_an_envelope_never_raises(unknown: bytes) -> None:
    envelope = read_envelope(unknown)
    assert 0 < len(envelope.event_id) <= 128
    assert envelope.event_id.isascii()
    assert envelope.event_id.isprintable()
    assert envelope.event_type.isprintable()
