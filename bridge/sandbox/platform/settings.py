"""How the simulated platform is set up."""

from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.credential import Secret
from bridge.sandbox.platform.event import RECOMMENDED_EVENTS, EventType


class Variant(StrEnum):
    """The envelopes of the reference, section 2.2."""

    LEGACY = "A"
    PLAIN = "B"
    PLAIN_WITH_URL = "C"
    ADDON = "D"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Where deliveries go. `addon_id` is what variant D names. `has_created` False leaves the event's time out."""

    url: str
    secret: Secret
    events: frozenset[EventType] = RECOMMENDED_EVENTS
    variant: Variant = Variant.PLAIN
    addon_id: str = ""
    has_created: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """Times are in seconds. `public_url` is the platform's own address, without a path.

    `list_hides_ended` leaves ended and cancelled rentals out of lists that ask for no state: what the platform does is
    not known, so both can be tried.
    """

    api_keys: tuple[Secret, ...] = ()
    addon_key: Secret | None = None
    business_code: str = "lakesidebox"
    public_url: str = "http://127.0.0.1:8180"
    gate_url: str | None = None
    field_prefix: str = "gate"
    hooks: tuple[Hook, ...] = ()
    answer_within: float = 2.0
    tries: int = 3
    retry_spacing: float = 0.2
    senders: int = 64
    tick: float = 0.5
    list_hides_ended: bool = False
    default_limit: int = 100
    max_limit: int = 1000
    latency: float = 0.0
    """Of every API call, from the start; `/sandbox/faults` changes it later."""
    seed: int = 1
    """Of the chance in dropped and reordered deliveries."""

    @property
    def api_url(self) -> str:
        return f"{self.public_url.rstrip('/')}/api"
