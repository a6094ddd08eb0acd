"""What a change makes of a person's row, and what a row says: pure."""

from collections.abc import Mapping
from typing import Final

from adapters.pull_feed.options import PullFeedOptions
from adapters.pull_feed.wire import Door, Row
from bridge.sdk import (
    Capabilities,
    Change,
    CodeRules,
    EntryState,
    GateCode,
    Kind,
    Observed,
    Rejected,
    TargetId,
    Tenant,
    inert,
    is_safe_target,
)

MAX_NAME: Final = 64
STATES: Final[Mapping[Kind, EntryState]] = {
    Kind.GRANT: EntryState.ACTIVE,
    Kind.RESUME: EntryState.ACTIVE,
    Kind.SUSPEND: EntryState.SUSPENDED,
}


def capabilities_of(options: PullFeedOptions) -> Capabilities:
    return Capabilities(code_rules=CodeRules(min_length=options.code_length, max_length=options.code_length))


def check_target(target: TargetId) -> None:
    """Raise `Rejected` for a unit's name that no feed can hold."""
    if not is_safe_target(target):
        raise Rejected("the unit's name cannot stand in a feed")


def after(change: Change, row: Row | None, tenant: Tenant, number: int) -> Row | None:
    """Return the person's row after `change`, the feed's change with this number; None where there is nobody.

    Only a grant makes somebody; what is as it should be keeps its number.
    """
    if change.kind is Kind.REMOVE_PERSON:
        return None
    if row is None:
        if change.kind is not Kind.GRANT:
            return None
        if change.code is None:
            raise Rejected("a new person needs a gate code")
        row = Row(code=change.code, name=name_of(tenant), doors={})
    if change.kind is Kind.UPDATE_PERSON:
        return row.model_copy(update={"name": name_of(tenant)})
    row = _with_code(row, change.code, number)
    return row if change.target is None else _with_door(row, change.kind, change.target, number)


def _with_code(row: Row, code: GateCode | None, number: int) -> Row:
    if code is None or code == row.code:
        return row
    doors = {target: Door(state=door.state, number=number) for target, door in row.doors.items()}
    return row.model_copy(update={"code": code, "doors": doors})


def _with_door(row: Row, kind: Kind, target: TargetId, number: int) -> Row:
    seen = row.doors.get(target)
    state = STATES.get(kind)
    if state is None:
        return row.model_copy(update={"doors": {other: row.doors[other] for other in row.doors if other != target}})
    if (seen is None and kind is not Kind.GRANT) or (seen is not None and seen.state is state):
        return row
    return row.model_copy(update={"doors": {**row.doors, target: Door(state=state, number=number)}})


def observed(row: Row | None, fetched: int | None) -> Observed:
    """Return what the feed has of a person; without `fetched`, what is published is in force."""
    if row is None:
        return Observed()
    late = {target for target, door in row.doors.items() if fetched is not None and door.number > fetched}
    entries = {target: door.state for target, door in row.doors.items()}
    return Observed(exists=True, code=row.code, entries=entries, unsettled=frozenset(late))


def name_of(tenant: Tenant) -> str:
    return inert(tenant.name, MAX_NAME) or "Tenant"
