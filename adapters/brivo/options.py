"""What an operator configures for a Brivo Access account."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from bridge.sdk import ConfigurationError, HeaderKey, Options, SecretText, base_url

MARK_LENGTH: Final = 24
"""The shortest external id that still tells everybody apart."""


class Region(StrEnum):
    US = "us"
    EU = "eu"


class TargetsBy(StrEnum):
    """What a unit's field holds."""

    ID = "id"
    """The group's id at Brivo: it stays when the group is renamed."""
    NAME = "name"
    """The group's name, exactly as it is written at Brivo."""


class Hosts(NamedTuple):
    auth: str
    api: str


HOSTS: Final[Mapping[Region, Hosts]] = {
    Region.US: Hosts("https://auth.brivo.com/", "https://api.brivo.com/v1/api/"),
    Region.EU: Hosts("https://auth.eu.brivo.com/", "https://api.eu.brivo.com/v1/api/"),
}


def _url(text: str) -> str:
    try:
        return str(base_url(text, key=""))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


Url = Annotated[str, AfterValidator(_url)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class BrivoOptions(Options):
    """One Brivo account, and the administrator in whose name the bridge signs in."""

    client_id: Text
    client_secret: SecretText
    api_key: HeaderKey
    username: Text
    password: SecretText
    region: Region = Region.US
    auth_url: Url | None = None
    """In place of the region's host for signing in."""
    api_url: Url | None = None
    """In place of the region's host for everything else, with the path before `/users`."""
    targets: TargetsBy = TargetsBy.ID
    code_length: Annotated[int, Field(ge=4, le=12)] = 6
    """The account's own setting: Brivo does not tell it."""
    external_id_length: Annotated[int, Field(ge=MARK_LENGTH, le=256)] = 64
    """The longest external id that is sent; Brivo's limit is not known."""
    contact_type: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = "Work"
    """The word that e-mail and phone are filed under at Brivo; empty: neither is sent."""

    @property
    def hosts(self) -> Hosts:
        preset = HOSTS[self.region]
        return Hosts(self.auth_url or preset.auth, self.api_url or preset.api)
