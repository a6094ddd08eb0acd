"""What every section of the configuration is, and the values that several have."""

from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_CALLS: Final = 1000


class Section(BaseModel):
    """Unknown keys are refused, and no error repeats a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


def _zone(name: Any) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, TypeError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError("is no time zone that this machine knows, such as Europe/London") from None
    return str(name)


ZoneName = Annotated[str, BeforeValidator(_zone)]
CallRate = Annotated[float | None, Field(gt=0, le=MAX_CALLS, allow_inf_nan=False)]
CallsAtOnce = Annotated[int | None, Field(ge=1, le=256)]
