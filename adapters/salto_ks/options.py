"""What an operator configures for a Salto KS site."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from bridge.sdk import ConfigurationError, Options, SecretText, base_url, is_safe_id


class Environment(StrEnum):
    """Which of Salto's two installations the account is at."""

    PRODUCTION = "production"
    ACCEPT = "accept"
    """For trying things out."""


class TargetsBy(StrEnum):
    """What a unit's field names an access group by."""

    ID = "id"
    NAME = "name"
    """Its customer reference."""


class AliasStyle(StrEnum):
    """What a tenant's alias at Salto KS is made of; the mark is how the bridge finds its own people."""

    NAME_AND_MARK = "name_and_mark"
    MARK = "mark"


API_HOSTS: Final[Mapping[Environment, str]] = {
    Environment.PRODUCTION: "https://connect.my-clay.com",
    Environment.ACCEPT: "https://clp-accept-user.my-clay.com",
}
IDENTITY_HOSTS: Final[Mapping[Environment, str]] = {
    Environment.PRODUCTION: "https://identity.eu.my-clay.com",
    Environment.ACCEPT: "https://identity-acc.eu.my-clay.com",
}
MAX_PAGE: Final = 1000


def _host(text: str) -> str:
    try:
        return str(base_url(text, key=""))
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


def _site(text: str) -> str:
    if not is_safe_id(text):
        raise ValueError("must be the site's id or its site_uid: letters, digits and dashes")
    return text


Host = Annotated[str, AfterValidator(_host)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]


class SaltoOptions(Options):
    """One site of one Salto KS account. The admin must have the role site admin there."""

    client_id: Annotated[Words, Field(repr=False)]
    client_secret: SecretText
    username: Annotated[Words, Field(repr=False)]
    """The e-mail of the site admin whom the bridge acts as."""
    password: SecretText
    site: Annotated[str, AfterValidator(_site)]
    """The site's id (a UUID) or its site_uid."""
    environment: Environment = Environment.PRODUCTION
    api_url: Host | None = None
    """In place of the environment's API host."""
    identity_url: Host | None = None
    """In place of the environment's identity host."""
    role: Words = "user"
    """The role that tenants get: its customer reference or its id."""
    targets_by: TargetsBy = TargetsBy.ID
    alias_style: AliasStyle = AliasStyle.NAME_AND_MARK
    invite: bool = False
    """Tell Salto KS the tenant's e-mail, which sends them an invitation to the app."""
    updates_names: bool = True
    """Whether alias and names can be changed after the person was made."""
    page_size: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100

    @property
    def api_host(self) -> str:
        return self.api_url or API_HOSTS[self.environment]

    @property
    def identity_host(self) -> str:
        return self.identity_url or IDENTITY_HOSTS[self.environment]
