"""Names of things, each its own type, so that a unit's id cannot stand where a rental's belongs.

Ids come from outside and are opaque; `is_safe_id` is the form an id must have before it may enter a path or a query.
"""

import re
from dataclasses import dataclass
from typing import Final, NewType

ConnectionName = NewType("ConnectionName", str)
SiteId = NewType("SiteId", str)
SiteKey = tuple[ConnectionName, SiteId]
"""A site among those of all connections."""
UnitId = NewType("UnitId", str)
RentalId = NewType("RentalId", str)
TenantId = NewType("TenantId", str)
TargetId = NewType("TargetId", str)
"""What an access-control vendor calls a door, lock, group or unit."""

DeliveryId = NewType("DeliveryId", int)

MAX_TARGET_LENGTH: Final = 256
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_WORD: Final = re.compile(rb"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SubjectKey:
    """One tenant at one site: what work is serialised, coalesced and planned by."""

    connection: ConnectionName
    site: SiteId
    tenant: TenantId


def is_safe_id(value: object) -> bool:
    """Tell whether a platform's id may be put into a URL: 1 to 64 letters, digits, dashes or underscores."""
    return isinstance(value, str) and _SAFE_ID.fullmatch(value) is not None


def ids_in(body: bytes) -> set[str]:
    """Return every word in a body that has the form of an id, whatever it is."""
    return {word.decode() for word in _WORD.findall(body)}


def is_safe_target(value: str) -> bool:
    """Tell whether a vendor target is usable: printable, at most 256 characters, no blank edges."""
    return 0 < len(value) <= MAX_TARGET_LENGTH and value.isprintable() and value == value.strip()
