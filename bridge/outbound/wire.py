"""Answers as values: what is not as documented is an anomaly, and no error repeats what came in."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError

from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly


class WireModel(BaseModel):
    """What models of a vendor's or platform's answers derive from: unknown fields are ignored.

    No error shows a value, since it may be a gate code or a name.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True, populate_by_name=True
    )


PrivateText = Annotated[StrictStr, Field(repr=False)]
"""A text that no repr shows: a name, an address."""


def _code(value: Any) -> GateCode:
    if isinstance(value, GateCode):
        return value
    if not isinstance(value, str):
        raise ValueError("a code is a text")  # noqa: TRY004 - pydantic turns only a ValueError into its own
    return GateCode(value)


CodeText = Annotated[GateCode, BeforeValidator(_code)]
"""A gate code that arrives as a text."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def read_as(model: type[ModelT], value: Any, what: str) -> ModelT:
    """Return `value` as a `model`, or raise `Anomaly` naming `what` and the place at fault, never the value."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise Anomaly(f"{what}: the answer is not as documented at {place or 'its root'}") from None
