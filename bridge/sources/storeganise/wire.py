"""What the platform's answers look like, as far as the bridge reads them (reference, section 4).

Unknown fields are ignored. A field of another type than documented is an `Anomaly` that names the path and shows no
value: such an answer proves nothing.
"""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from bridge.sdk import Anomaly, is_safe_id

CustomFields = dict[str, Any]


def _usable(value: str) -> str:
    if not is_safe_id(value):
        raise ValueError("is not a usable id")
    return value


def _blank_is_none(value: Any) -> Any:
    return None if value == "" else value


def _none_is_empty(value: Any) -> Any:
    return () if value is None else value


Id = Annotated[str, AfterValidator(_usable)]
OptionalId = Annotated[Id | None, BeforeValidator(_blank_is_none)]
Ids = Annotated[tuple[Id, ...], Field(strict=False), BeforeValidator(_none_is_empty)]


class Wire(BaseModel):
    model_config = ConfigDict(
        extra="ignore", frozen=True, strict=True, hide_input_in_errors=True, alias_generator=to_camel
    )


class Owner(Wire):
    id: Id
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    company_name: str | None = None
    email: str | None = None
    phone: str | None = None


class UnitRow(Wire):
    """`custom_fields` is None where the answer left them out, which is not the same as empty.

    `rental_id` is there while the unit is reserved or occupied.
    """

    id: Id
    site_id: OptionalId = None
    rental_id: OptionalId = None
    name: str | None = None
    state: str | None = None
    custom_fields: CustomFields | None = None


class RentalRow(Wire):
    """`overdue` is a time stamp or absent, perhaps a boolean: only its truth counts."""

    id: Id
    site_id: Id
    owner_id: Id
    state: str
    unit_id: OptionalId = None
    start_date: str | None = None
    end_date: str | None = None
    overdue: Any = None
    move_out_job_id: OptionalId = None
    custom_fields: CustomFields | None = None
    unit: UnitRow | None = None
    owner: Owner | None = None


class ListedRow(Wire):
    """A rental as far as it says whose it is."""

    id: Id
    site_id: Id
    owner_id: Id
    state: str


class ChangedRow(Wire):
    """A rental as far as it says where to look. `updated` is a time stamp."""

    id: Id
    site_id: Id
    owner_id: Id
    state: str
    updated: str
    move_in_job_id: OptionalId = None
    move_out_job_id: OptionalId = None


class JobData(Wire):
    date: str | None = None
    move_out_date: str | None = None
    unit_rental_id: OptionalId = None
    old_rental_id: OptionalId = None
    new_rental_id: OptionalId = None


class JobResult(Wire):
    owner_id: OptionalId = None
    unit_rental_id: OptionalId = None
    unit_rental_ids: Ids = ()


class JobStep(Wire):
    type: str | None = None
    result: JobResult | None = None


class Job(Wire):
    """Its own `ownerId` is left out on purpose: for a job made through the API it is the key's user.

    `updated` is a time stamp, if it is there at all.
    """

    id: Id
    type: str | None = None
    state: str | None = None
    updated: Any = None
    data: JobData | None = None
    steps: Annotated[tuple[JobStep, ...], Field(strict=False), BeforeValidator(_none_is_empty)] = ()
    result: JobResult | None = None

    def started(self) -> JobResult | None:
        """Return the result of the step `start`, if there is one."""
        return next((step.result for step in self.steps if step.type == "start"), None)


class TaskStep(Wire):
    id: OptionalId = None
    state: str | None = None


class Task(Wire):
    """A job as far as closing it goes; jobs of other kinds are never read so closely."""

    id: Id
    type: str | None = None
    state: str | None = None
    steps: Annotated[tuple[TaskStep, ...], Field(strict=False), BeforeValidator(_none_is_empty)] = ()


class Addon(Wire):
    id: Id
    site_id: OptionalId = None


WireT = TypeVar("WireT", bound=BaseModel)


def parse(model: type[WireT], value: Any, what: str) -> WireT:
    """Return `value` as `model`. Raises `Anomaly` naming `what` and the paths at fault, without values."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Anomaly(f"{what}: {faults(error)}") from None


def faults(error: ValidationError) -> str:
    """Return the first paths at fault and what each should be; nothing of the input."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in found[:3])
