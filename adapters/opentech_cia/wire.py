"""CIA's answers as they come over the wire: unknown fields are ignored, unknown words kept as UNKNOWN."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)

from bridge.sdk import Anomaly, GateCode, HeaderKey, is_safe_id

TOKEN_SECONDS: Final = 3600.0
"""How long a token lasts where the answer does not say."""


class UnitStatus(StrEnum):
    VACANT = "Vacant"
    RENTED = "Rented"
    DELINQUENT = "Delinquent"
    UNKNOWN = "unknown"


def _status(word: Any) -> UnitStatus:
    return UnitStatus(word) if word in ("Vacant", "Rented", "Delinquent") else UnitStatus.UNKNOWN


def _code(value: Any) -> GateCode | None:
    if value is None or isinstance(value, GateCode):
        return value
    if not isinstance(value, str):
        raise ValueError("a code is a text")  # noqa: TRY004 - pydantic turns only a ValueError into its own
    return GateCode(value) if value.strip() else None


def _safe(id_: int | str) -> int | str:
    if not is_safe_id(str(id_)):
        raise ValueError("an id that no path can hold")
    return id_


WireId = Annotated[StrictInt | StrictStr, AfterValidator(_safe)]
"""Sent back in the type in which it came; two are the same when their texts are."""
Private = Annotated[StrictStr | None, Field(repr=False)]


class _Wire(BaseModel):
    # No error repeats what came in: it may hold a gate code.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True)


class WireToken(_Wire):
    access_token: HeaderKey
    expires_in: Annotated[float, Field(gt=0)] = TOKEN_SECONDS


class WireFacility(_Wire):
    name: StrictStr | None = None


class WireUnit(_Wire):
    id: WireId
    number: Annotated[StrictStr, Field(validation_alias="unitNumber"), AfterValidator(str.strip)]
    status: Annotated[UnitStatus, BeforeValidator(_status)]

    @property
    def key(self) -> str:
        return str(self.id)


class WireVisitor(_Wire):
    id: WireId
    name: Private = None
    unit_id: Annotated[WireId | None, Field(validation_alias="unitId")] = None
    is_tenant: Annotated[StrictBool, Field(validation_alias="isTenant")]
    code: Annotated[GateCode | None, BeforeValidator(_code)] = None
    time_group: Annotated[StrictStr | None, Field(validation_alias="timeGroupName")] = None
    access_profile: Annotated[StrictStr | None, Field(validation_alias="accessProfileName")] = None
    phone: Annotated[Private, Field(validation_alias="mobilePhoneNumber")] = None
    email: Private = None

    @property
    def key(self) -> str:
        return str(self.id)

    @property
    def unit_key(self) -> str | None:
        return None if self.unit_id is None else str(self.unit_id)


class WireNamed(_Wire):
    """A time group or an access profile."""

    id: WireId
    name: StrictStr


class _NewVisitor(_Wire):
    id: WireId


ModelT = TypeVar("ModelT", bound=BaseModel)


def read(model: type[ModelT], value: Any, what: str) -> ModelT:
    """Return `value` as a `model`, or raise `Anomaly` naming `what` and the place at fault, never the value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise Anomaly(f"{what}: the answer is not as documented at {place or 'its root'}") from None


def read_list(model: type[ModelT], value: Any, what: str) -> list[ModelT]:
    """Return each of a listing. Raises `Anomaly` also for an id that is listed twice."""
    if not isinstance(value, list):
        raise Anomaly(f"{what}: the answer is no list")
    found = [read(model, item, what) for item in value]
    if len({str(getattr(one, "id", index)) for index, one in enumerate(found)}) != len(found):
        raise Anomaly(f"{what}: the listing has the same id twice")
    return found


def new_visitor_id(value: Any) -> int | str:
    """Return the id of the visitor that was made: it is told inside of `visitor`, or at the top."""
    inside = value.get("visitor") if isinstance(value, Mapping) else None
    return read(_NewVisitor, value if inside is None else inside, "new visitor").id
