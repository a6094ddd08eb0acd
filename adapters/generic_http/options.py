"""What an operator configures for a vendor whose adapter is this configuration."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from adapters.generic_http.auth import AuthOptions
from adapters.generic_http.requests import Header, Places, Requests
from adapters.generic_http.rules import Given, troubles
from adapters.generic_http.shape import Ability, EntryPlaces, Names, PersonPlaces, Private, Shape
from bridge.sdk import ConfigurationError, Options, base_url


def _url(text: str) -> str:
    try:
        return str(base_url(text, key=""))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


class GenericHttpOptions(Options):
    """One account at a vendor, in its own words."""

    url: Annotated[str, AfterValidator(_url)]
    """Where the API answers; https, or http on a loopback address."""
    auth: AuthOptions = AuthOptions()
    headers: Mapping[str, Header] = Field(default_factory=dict)
    """Sent with every request; nothing secret."""
    shape: Shape
    url_may_hold: tuple[Private, ...] = ()
    error_text: Places | None = None
    """Where an answer tells what is wrong, for people."""
    capabilities: Ability = Ability()
    names: Names = Names()
    person: PersonPlaces | None = None
    entry: EntryPlaces
    requests: Requests

    @field_validator("requests")
    @classmethod
    def _fit_the_rest(cls, requests: Requests, info: ValidationInfo) -> Requests:
        """Refuse what could not work before anybody depends on it: the first trouble is told, with its key."""
        needed = {"shape", "capabilities", "entry", "person", "url_may_hold"}
        if needed <= info.data.keys():  # else one of them is wrong itself, and that is told
            for trouble in troubles(Given(requests=requests, **{name: info.data[name] for name in needed})):
                raise ValueError(trouble)
        return requests
