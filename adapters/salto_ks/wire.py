"""Salto's answers as they come over the wire: unknown fields are ignored, unknown words kept as UNKNOWN."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from bridge.sdk import GateCode, HeaderKey, PrivateText, WireModel, is_safe_id, read_as

_PIN: Final = re.compile(r"\d{4,8}", re.ASCII)
DEFAULT_TOKEN_SECONDS: Final = 3600


class Subscription(StrEnum):
    """Whether a person holds one of the licence's seats; without one no door opens."""

    SUBSCRIBED = "subscribed"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


def _subscription(word: Any) -> Subscription:
    return Subscription(word) if word in ("subscribed", "suspended") else Subscription.UNKNOWN


def _id(text: str) -> str:
    if not is_safe_id(text):
        raise ValueError("an id is letters, digits and dashes")
    return text


def _pin(value: Any) -> GateCode:
    if not isinstance(value, str) or not _PIN.fullmatch(value):
        raise ValueError("a PIN is a text of digits")
    return GateCode(value)


def _seconds(value: Any) -> Any:
    return DEFAULT_TOKEN_SECONDS if value is None else value


def _seldom_told(value: Any) -> Any:
    return "" if value is None else value


Id = Annotated[StrictStr, AfterValidator(_id)]
Private = Annotated[PrivateText, BeforeValidator(_seldom_told)]


class WireToken(WireModel):
    access_token: HeaderKey
    expires_in: Annotated[StrictInt, BeforeValidator(_seconds), Field(gt=0)] = DEFAULT_TOKEN_SECONDS


class WireSite(WireModel):
    id: Id
    site_uid: StrictStr | None = None


class Named(WireModel):
    """A role or an access group: `customer_reference` is what people call it."""

    id: Id
    customer_reference: Private = ""


class Listed(WireModel):
    """Anybody at the site, as far as must be understood of strangers."""

    id: Id
    alias: Private = ""


class PlatformUser(WireModel):
    id: Id


class SiteUser(WireModel):
    """One of ours. `id` is the person at the site; `user.id` is the same person on the platform, for groups."""

    id: Id
    user: PlatformUser
    alias: Private = ""
    first_name: Private = ""
    last_name: Private = ""
    subscription_state: Annotated[Subscription, BeforeValidator(_subscription)] = Subscription.UNKNOWN
    use_pin: StrictBool = True
    blocked: StrictBool = False
    """Locked out by hand at Salto KS."""

    @property
    def is_suspended(self) -> bool:
        return self.subscription_state is Subscription.SUSPENDED or self.blocked

    @property
    def may_be_suspended(self) -> bool:
        """Tell whether it is open: the state is one that the vendor's documents do not have."""
        return self.subscription_state is Subscription.UNKNOWN and not self.blocked


class ToldState(WireModel):
    """What a change of the subscription may answer."""

    subscription_state: Annotated[Subscription, BeforeValidator(_subscription)] = Subscription.UNKNOWN


class Member(WireModel):
    """Somebody in an access group, by whichever of their two ids is shown. One who is excluded is not let in."""

    id: Id | None = None
    user_id: Id | None = None
    user: PlatformUser | None = None
    excluded: StrictBool = False

    @property
    def ids(self) -> frozenset[str]:
        told = (self.id, self.user_id, None if self.user is None else self.user.id)
        return frozenset(one for one in told if one is not None)


class Key(WireModel):
    """A means of entry, without its digits."""

    type: StrictStr


class WirePin(WireModel):
    """A PIN that was just made: a bare JSON text, told this once."""

    code: Annotated[GateCode, BeforeValidator(_pin)]


class WireError(WireModel):
    code: Annotated[str, BeforeValidator(str), Field(alias="ErrorCode", repr=False)] = ""
    text: Annotated[StrictStr, Field(alias="Message", repr=False)] = ""


class OAuthError(WireModel):
    error: StrictStr = ""


class Page(WireModel):
    """A piece of a listing: a bare array has no count."""

    items: tuple[Any, ...] = Field(repr=False)
    count: StrictInt | None = None
    next_page_link: Any = Field(default=None, repr=False)


def read_page(value: Any, what: str) -> Page:
    """Return a page, whichever of its two forms it has: a bare array, or one within `items`."""
    return read_as(Page, {"items": value} if isinstance(value, list) else value, what)
