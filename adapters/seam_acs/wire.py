"""Seam's answers about access systems: unknown fields are ignored, what is private has no repr."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictStr

from bridge.sdk import CodeText, WireModel


def _no_mask(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip("*") else value


def _words(name: str) -> BeforeValidator:
    """Take the one word that matters out of each of Seam's errors, warnings or mutations; one without it stays `?`."""

    def words(items: Any) -> Any:
        if not isinstance(items, Sequence) or isinstance(items, str | bytes):
            return items
        return [item.get(name) or "?" if isinstance(item, dict) else item for item in items]

    return BeforeValidator(words)


Id = Annotated[StrictStr, Field(min_length=1)]
MaybePrivate = Annotated[StrictStr | None, Field(repr=False)]
Errors = Annotated[tuple[StrictStr, ...], _words("error_code")]
Warnings = Annotated[tuple[StrictStr, ...], _words("warning_code")]


class AccessMethod(StrEnum):
    CODE = "code"
    OTHER = "other"


def _method(word: Any) -> AccessMethod:
    return AccessMethod.CODE if word == AccessMethod.CODE else AccessMethod.OTHER


class WireIdentity(WireModel):
    user_identity_id: Id
    user_identity_key: StrictStr | None


class WireGroup(WireModel):
    acs_access_group_id: Id
    acs_system_id: Id
    name: StrictStr
    external_type: StrictStr = "access_group"


class WireMembership(WireModel):
    acs_access_group_id: StrictStr | None = None


def _membership(value: Any) -> Any:
    return value if isinstance(value, dict | WireMembership) else {}


class WireMutation(WireModel):
    """Something of a person that Seam has taken and not brought to the access system yet."""

    mutation_code: StrictStr
    before: Annotated[WireMembership, BeforeValidator(_membership)] = Field(WireMembership(), validation_alias="from")
    after: Annotated[WireMembership, BeforeValidator(_membership)] = Field(WireMembership(), validation_alias="to")


class WireUser(WireModel):
    acs_user_id: Id
    acs_system_id: Id
    user_identity_id: StrictStr | None = None
    full_name: MaybePrivate = None
    email_address: MaybePrivate = None
    phone_number: MaybePrivate = None
    is_suspended: StrictBool = False
    errors: Errors
    warnings: Warnings
    pending_mutations: tuple[WireMutation, ...] = ()


class WireCredential(WireModel):
    acs_credential_id: Id
    acs_user_id: StrictStr | None = None
    access_method: Annotated[AccessMethod, BeforeValidator(_method)]
    code: Annotated[CodeText | None, BeforeValidator(_no_mask)] = None
    is_latest_desired_state_synced_with_provider: StrictBool | None = None
    errors: Errors
    warnings: Warnings


class WireSystem(WireModel):
    acs_system_id: Id
    name: StrictStr
    external_type: StrictStr = "?"
    acs_user_count: float | None = None
    acs_access_group_count: float | None = None
    errors: Errors
    warnings: Warnings
