"""Seam's answers about locks and their codes: unknown fields are ignored, unknown words kept as UNKNOWN."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, StrictStr

from adapters.seam.rpc import SeamError
from bridge.sdk import CodeText, WireModel

Changes = Mapping[str, str]
"""Fields of a code to change, by Seam's names."""


class CodeStatus(StrEnum):
    SETTING = "setting"
    SET = "set"
    UNSET = "unset"
    REMOVING = "removing"
    UNKNOWN = "unknown"


class CodeType(StrEnum):
    ONGOING = "ongoing"
    TIME_BOUND = "time_bound"
    UNKNOWN = "unknown"


def _status(word: Any) -> CodeStatus:
    return CodeStatus(word) if word in set(CodeStatus) else CodeStatus.UNKNOWN


def _type(word: Any) -> CodeType:
    return CodeType(word) if word in set(CodeType) else CodeType.UNKNOWN


MaybePrivate = Annotated[StrictStr | None, Field(repr=False)]


class WireIssue(WireModel):
    """Something that is wrong with a code, a device or an account."""

    error_code: StrictStr = ""
    is_device_error: bool = False
    is_connected_account_error: bool = False


class WireMark(WireModel):
    """As much of a code as tells whose it is."""

    access_code_id: StrictStr
    device_id: StrictStr
    name: MaybePrivate = None
    is_managed: bool = True
    is_backup: bool = False


class WireCode(WireMark):
    code: CodeText | None
    """None while Seam has not chosen one."""
    status: Annotated[CodeStatus, BeforeValidator(_status)]
    type: Annotated[CodeType, BeforeValidator(_type)]
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    errors: tuple[WireIssue, ...] = ()


class WireConstraint(WireModel):
    constraint_type: StrictStr = ""


class WireProperties(WireModel):
    name: StrictStr = ""
    online: bool = True
    supported_code_lengths: tuple[float, ...] = ()
    """Empty where Seam does not know them."""
    max_active_codes_supported: float | None = None
    code_constraints: tuple[WireConstraint, ...] = ()


class WireLock(WireModel):
    device_id: StrictStr
    device_type: StrictStr
    display_name: StrictStr = ""
    can_program_online_access_codes: bool | None = None
    properties: WireProperties
    errors: tuple[WireIssue, ...] = ()


class WireWorkspace(WireModel):
    name: StrictStr = ""
    is_sandbox: bool = False
    is_suspended: bool = False


class WireAttempt(WireModel):
    """What came of an order so far: `pending`, `success` or `error`."""

    status: StrictStr = ""
    error: SeamError | None = None
