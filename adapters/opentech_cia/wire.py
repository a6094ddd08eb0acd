"""CIA's answers as they come over the wire: unknown fields are ignored, unknown words kept as UNKNOWN."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from bridge.sdk import Anomaly, CodeText, HeaderKey, WireModel, is_safe_id, read_as

TOKEN_SECONDS: Final = 3600.0
"""How long a token lasts where the answer does not say."""


class UnitStatus(StrEnum):
    VACANT = "Vacant"
    RENTED = "Rented"
    DELINQUENT = "Delinquent"
    UNKNOWN = "unknown"


def _status(word: Any) -> UnitStatus:
    return UnitStatus(word) if word in ("Vacant", "Rented", "Delinquent") else UnitStatus.UNKNOWN


def _no_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _safe(id_: int | str) -> int | str:
    if not is_safe_id(str(id_)):
        raise ValueError("an id that no path can hold")
    return id_


WireId = Annotated[StrictInt | StrictStr, AfterValidator(_safe)]
"""Sent back in the type in which it came; two are the same when their texts are."""
MaybePrivate = Annotated[StrictStr | None, Field(repr=False)]


class WireToken(WireModel):
    access_token: HeaderKey
    expires_in: Annotated[float, Field(gt=0)] = TOKEN_SECONDS


class WireFacility(WireModel):
    name: StrictStr | None = None


class WireUnit(WireModel):
    id: WireId
    number: Annotated[StrictStr, Field(validation_alias="unitNumber"), AfterValidator(str.strip)]
    status: Annotated[UnitStatus, BeforeValidator(_status)]

    @property
    def key(self) -> str:
        return str(self.id)


class WireVisitor(WireModel):
    id: WireId
    name: MaybePrivate = None
    unit_id: Annotated[WireId | None, Field(validation_alias="unitId")] = None
    is_tenant: Annotated[StrictBool, Field(validation_alias="isTenant")]
    code: Annotated[CodeText | None, BeforeValidator(_no_blank)] = None
    time_group: Annotated[StrictStr | None, Field(validation_alias="timeGroupName")] = None
    access_profile: Annotated[StrictStr | None, Field(validation_alias="accessProfileName")] = None
    phone: Annotated[MaybePrivate, Field(validation_alias="mobilePhoneNumber")] = None
    email: MaybePrivate = None

    @property
    def key(self) -> str:
        return str(self.id)

    @property
    def unit_key(self) -> str | None:
        return None if self.unit_id is None else str(self.unit_id)


class WireNamed(WireModel):
    """A time group or an access profile."""

    id: WireId
    name: StrictStr


class _NewVisitor(WireModel):
    id: WireId


ModelT = TypeVar("ModelT", bound=WireModel)


def read_list(model: type[ModelT], value: Any, what: str) -> list[ModelT]:
    """Return each of a listing. Raises `Anomaly` also for an id that is listed twice."""
    if not isinstance(value, list):
        raise Anomaly(f"{what}: the answer is no list")
    found = [read_as(model, item, what) for item in value]
    if len({str(getattr(one, "id", index)) for index, one in enumerate(found)}) != len(found):
        raise Anomaly(f"{what}: the listing has the same id twice")
    return found


def new_visitor_id(value: Any) -> int | str:
    """Return the id of the visitor that was made: it is told inside of `visitor`, or at the top."""
    inside = value.get("visitor") if isinstance(value, Mapping) else None
    return read_as(_NewVisitor, value if inside is None else inside, "new visitor").id
