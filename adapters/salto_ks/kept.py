"""What the bridge keeps of a person: both ids, what is known of the PIN, and whether they were made just now."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from bridge.sdk import Ref, is_safe_id

CATCHES_UP: Final = timedelta(minutes=2)
"""How long after a create Salto KS may deny that the person is there: about a minute, and twice that here."""

Now = Callable[[], datetime]


class PinState(StrEnum):
    """What is known of the PIN. Only `TOLD` is one that the tenant can have."""

    NONE = "none"
    """None was ever asked for."""
    ASKED = "asked"
    """One was asked for, and its telling may have been lost."""
    TOLD = "told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`site_user` is for calls about the person, `user` for their groups; `made_at` stays until all calls know them."""

    site_user: str
    user: str
    pin: PinState = PinState.TOLD
    made_at: datetime | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether Salto KS may not know them everywhere yet."""
        return self.made_at is not None and abs(now - self.made_at) < CATCHES_UP

    def settled(self) -> "Kept":
        return replace(self, made_at=None)

    @property
    def ref(self) -> Ref:
        told = {} if self.pin is PinState.TOLD else {"pin": self.pin.value}
        made = {} if self.made_at is None else {"made_at": self.made_at.astimezone(UTC).isoformat()}
        return {"site_user": self.site_user, "user": self.user, **told, **made}


def kept_from(ref: Ref | None) -> Kept | None:
    """Return what a reference says, or None for one that is not of this adapter's making."""
    ids = None if ref is None else (ref.get("site_user"), ref.get("user"))
    if ref is None or ids is None or not all(is_safe_id(one) for one in ids):
        return None
    word = ref.get("pin", PinState.TOLD.value)
    pin = PinState(word) if word in set(PinState) else PinState.ASKED
    return Kept(site_user=str(ids[0]), user=str(ids[1]), pin=pin, made_at=_moment(ref.get("made_at")))


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
