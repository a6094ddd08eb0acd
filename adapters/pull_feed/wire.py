"""What lies on the shelf: a row for each person, with a door for each unit. Unknown fields are ignored."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from bridge.sdk import Anomaly, EntryState, GateCode, Item, TargetId


def _code(value: Any) -> GateCode:
    if isinstance(value, GateCode):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("a code is a text")
    return GateCode(value)


class _Wire(BaseModel):
    # No error repeats what was read: it holds gate codes and names.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, arbitrary_types_allowed=True)


class Door(_Wire):
    """What a person may do at one target. `number` is the feed's when the row in it last changed."""

    state: EntryState
    number: Annotated[StrictInt, Field(ge=1)]


class Row(_Wire):
    """A person, whether or not any door is left to them."""

    code: Annotated[GateCode, BeforeValidator(_code)]
    name: Annotated[StrictStr, Field(repr=False)]
    doors: Mapping[TargetId, Door]

    def item(self) -> Item:
        doors = {target: {"state": str(door.state), "number": door.number} for target, door in self.doors.items()}
        return {"code": self.code.reveal(), "name": self.name, "doors": doors}


class Number(_Wire):
    """How far something has come in the feed's changes."""

    number: Annotated[StrictInt, Field(ge=0)] = 0


ModelT = TypeVar("ModelT", bound=BaseModel)


def read(model: type[ModelT], item: Item, what: str) -> ModelT:
    """Return `item` as a `model`, or raise `Anomaly` naming `what`, never what it holds."""
    try:
        return model.model_validate(item)
    except ValidationError:
        raise Anomaly(f"{what} on the feed's shelf cannot be read") from None
