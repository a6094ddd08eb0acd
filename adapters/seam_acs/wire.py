"""Seam's answers about access systems: unknown fields are ignored, what is private has no repr."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr

from bridge.sdk import GateCode


def _code(value: Any) -> GateCode | None:
    if value is None or isinstance(value, GateCode):
        return value
    if not isinstance(value, str):
        raise ValueError("a code is a text")  # noqa: TRY004 - pydantic turns only a ValueError into its own
    return GateCode(value) if value.strip("*") else None


def _words(name: str) -> BeforeValidator:
    """Take the one word that matters out of each of Seam's errors, warnings or mutations; one without it stays `?`."""

    def words(items: Any) -> Any:
        if not isinstance(items, Sequence) or isinstance(items, str | bytes):
            return items
        return [item.get(name) or "?" if isinstance(item, dict) else item for item in items]

    return BeforeValidator(words)


Id = Annotated[StrictStr, Field(min_length=1)]
Private = Annotated[StrictStr | None, Field(repr=False)]
Errors = Annotated[tuple[StrictStr, ...], _words("error_code")]
Warnings = Annotated[tuple[StrictStr, ...], _words("warning_code")]


class AccessMethod(StrEnum):
    CODE = "code"
    OTHER = "other"


def _method(word: Any) -> AccessMethod:
    return AccessMethod.CODE if word == AccessMethod.CODE else AccessMethod.OTHER


class _Wire(BaseModel):
    # No error repeats what came in: it may hold a gate code.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True)


class WireIdentity(_Wire):
    user_identity_id: Id
    user_identity_key: StrictStr | None


class WireGroup(_Wire):
    acs_access_group_id: Id
    acs_system_id: Id
    name: StrictStr
    external_type: StrictStr = "access_group"


class WireMembership(_Wire):
    acs_access_group_id: StrictStr | None = None


def _membership(value: Any) -> Any:
    return value if isinstance(value, dict | WireMembership) else {}


class WireMutation(_Wire):
    """Something of a person that Seam has taken and not brought to the access system yet."""

    mutation_code: StrictStr
    before: Annotated[WireMembership, BeforeValidator(_membership)] = Field(WireMembership(), validation_alias="from")
    after: Annotated[WireMembership, BeforeValidator(_membership)] = Field(WireMembership(), validation_alias="to")


class WireUser(_Wire):
    acs_user_id: Id
    acs_system_id: Id
    user_identity_id: StrictStr | None = None
    full_name: Private = None
    email_address: Private = None
    phone_number: Private = None
    is_suspended: StrictBool = False
    errors: Errors
    warnings: Warnings
    pending_mutations: tuple[WireMutation, ...] = ()


class WireCredential(_Wire):
    acs_credential_id: Id
    acs_user_id: StrictStr | None = None
    access_method: Annotated[AccessMethod, BeforeValidator(_method)]
    code: Annotated[GateCode | None, BeforeValidator(_code)] = None
    is_latest_desired_state_synced_with_provider: StrictBool | None = None
    errors: Errors
    warnings: Warnings


class WireSystem(_Wire):
    acs_system_id: Id
    name: StrictStr
    external_type: StrictStr = "?"
    acs_user_count: float | None = None
    acs_access_group_count: float | None = None
    errors: Errors
    warnings: Warnings
