"""What is read of a verified body before it is stored: its id and its type."""

import hashlib
from typing import Any, Final

from bridge.sdk import Envelope, UnreadableBody, read_json_object
from bridge.sources.storeganise.event import CAN_WAIT

MAX_WORD: Final = 128
UNKNOWN_TYPE: Final = "unknown"


def read_envelope(body: bytes) -> Envelope:
    """Return id and type of `body` in any variant (reference, section 2.2); never raises.

    A body without a usable id or type is `unusable`, and known by its SHA-256.
    """
    try:
        payload = read_json_object(body)
    except UnreadableBody as error:
        return _unusable(body, UNKNOWN_TYPE, error.why)
    event_id, event_type = _word(payload.get("id")), _word(payload.get("type"))
    if event_id is None:
        return _unusable(body, event_type or UNKNOWN_TYPE, f"id is not 1 to {MAX_WORD} printable ASCII characters")
    if event_type is None:
        return _unusable(body, UNKNOWN_TYPE, f"type is not 1 to {MAX_WORD} printable ASCII characters")
    return Envelope(
        event_id=event_id, event_type=event_type, is_test=is_test(event_type), can_wait=event_type in CAN_WAIT
    )


def is_test(event_type: str) -> bool:
    """Tell a test delivery by its type. The platform documents none: the rule is ours, for set-up and rehearsal."""
    return event_type in {"test", "ping"} or event_type.endswith(".test")


def _unusable(body: bytes, event_type: str, why: str) -> Envelope:
    return Envelope(event_id=hashlib.sha256(body).hexdigest(), event_type=event_type, unusable=why)


def _word(value: Any) -> str | None:
    if isinstance(value, str) and 0 < len(value) <= MAX_WORD and value.isascii() and value.isprintable():
        return value
    return None
