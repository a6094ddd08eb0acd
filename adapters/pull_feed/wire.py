"""What lies on the shelf: a row for each person, with a door for each unit. Unknown fields are ignored."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt

from bridge.sdk import CodeText, EntryState, GateCode, Item, PrivateText, TargetId, WireModel


def _given(code: GateCode) -> GateCode:
    if not code:
        raise ValueError("a code is not blank")
    return code


class Door(WireModel):
    """What a person may do at one target. `number` is the feed's when the row in it last changed."""

    state: EntryState
    number: Annotated[StrictInt, Field(ge=1)]


class Row(WireModel):
    """A person, whether or not any door is left to them."""

    code: Annotated[CodeText, AfterValidator(_given)]
    name: PrivateText
    doors: Mapping[TargetId, Door]

    def item(self) -> Item:
        doors = {target: {"state": str(door.state), "number": door.number} for target, door in self.doors.items()}
        return {"code": self.code.reveal(), "name": self.name, "doors": doors}


class Number(WireModel):
    """How far something has come in the feed's changes."""

    number: Annotated[StrictInt, Field(ge=0)] = 0
