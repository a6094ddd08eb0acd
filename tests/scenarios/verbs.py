"""What can be said to happen in a scenario: one model for each verb that takes more than a name."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FieldText = str | bool
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Part(BaseModel):
    """A table of a scenario file. A key that it does not know is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MoveIn(Part):
    """`completes` says who turns the order into a tenancy: the platform on its day, or staff with a later step."""

    rental: str
    tenant: str
    unit: str
    start: date | None = None
    completes: Literal["by itself", "by staff"] = "by itself"


class OnDay(Part):
    rental: str
    on: date | None = None


class Transfer(Part):
    """`becomes` names the new rental."""

    rental: str
    becomes: str
    unit: str
    on: date | None = None


class Edit(Part):
    """Custom fields, without their prefix."""

    rental: str
    set: dict[str, FieldText] = {}
    clear: tuple[str, ...] = ()


class Toggle(Part):
    """Staff tick and untick the overlock switch: `times` changes, each worked off before the next."""

    rental: str
    times: Annotated[int, Field(ge=1)]


class MapUnit(Part):
    """`target` is empty where staff empty the field."""

    unit: str
    target: str


class EditTenant(Part):
    tenant: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None


class Post(Part):
    """A body as it stands here. `<name>` in it becomes the platform's id of that rental, tenant, unit or site."""

    body: str
    signature: Literal["good", "bad", "none"] = "good"


class Crash(Part):
    """The process ends when `of` has worked on its next call with the method `during`, before it hears the answer."""

    during: Method
    of: Literal["gate", "platform"]


class PlatformFault(Part):
    """What the platform's next `calls` answers are; `path` is what they begin with, such as `unit-rentals/<garage>`."""

    kind: Literal["status", "html", "empty_page", "rate_limited"] = "status"
    status: int = 503
    calls: int = 1000
    method: Method | None = None
    path: str = ""
    retry_after: float | None = None


class Answers(Part):
    """What the platform answers from now on to reads whose path begins with `to`, in each object or row of a list.

    `without` leaves out keys and `put` sets them, both by dotted names; `drop` leaves rentals out of lists.
    """

    to: str
    put: dict[str, str | bool] = {}
    without: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class Stranger(Part):
    name: str
    code: str
    doors: tuple[str, ...] = ()


GateFault = dict[str, Any]
"""A fault of the simulated gate, by the keys of `bridge.sandbox.gate.Fault`, which refuses others itself."""
