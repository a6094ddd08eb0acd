"""The controller's words and ours, by table."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from adapters.simulator.wire import WireError, WirePerson, WireState
from bridge.sdk import (
    Anomaly,
    BridgeError,
    Capabilities,
    CodeRules,
    Conflict,
    EntryState,
    GateCode,
    NoCapacity,
    Observed,
    OutcomeUnknown,
    Rejected,
    TargetId,
    Tenant,
    inert,
    is_safe_target,
)

CAPABILITIES: Final = Capabilities(code_rules=CodeRules(min_length=6, max_length=6), reads_codes=True)

MAX_NAME: Final = 40
NOT_ONE_CODE: Final = GateCode("")
"""Observed where a person was made twice: like no code in force, so that the next plan sets it, which mends them."""

STATES: Final[Mapping[WireState, EntryState]] = {
    WireState.ACTIVE: EntryState.ACTIVE,
    WireState.SUSPENDED: EntryState.SUSPENDED,
}
STATE_WORDS: Final[Mapping[EntryState, str]] = {state: word.value for word, state in STATES.items()}
REFUSALS: Final[Mapping[str, type[BridgeError]]] = {
    "code_in_use": Conflict,
    "capacity": NoCapacity,
    "internal": OutcomeUnknown,
}
"""All others are `Rejected`; `not_found` has a meaning of its own in each call."""

_CODE_LIKE: Final = re.compile(r"\d(?:[\s.\-]?\d){3,}")


def refusal(error: WireError, private: Sequence[str]) -> BridgeError:
    """Return what a refused write means. `private` and all that looks a code is blotted out of the gate's text."""
    text = error.text
    for words in private:
        text = re.sub(re.escape(words), "#", text, flags=re.IGNORECASE) if words else text
    text = _CODE_LIKE.sub("#", text)
    kind = REFUSALS.get(error.code, Rejected)
    return kind(f"the gate refused it: {inert(_CODE_LIKE.sub('#', error.code), 40)} ({inert(text, 160)})")


def observed(people: Sequence[WirePerson]) -> Observed:
    """Return what is known of one person. Several people under one key are all theirs: a door is open if any opens it.

    Raises `Anomaly` for an entry in a state that the controller's documents do not have.
    """
    entries: dict[TargetId, EntryState] = {}
    for person in people:
        for target, state in entries_of(person).items():
            if entries.get(target) is not EntryState.ACTIVE:
                entries[target] = state
    if len(people) > 1:
        return Observed(exists=True, code=NOT_ONE_CODE, entries=entries)
    return Observed(exists=bool(people), code=shown_code(people[0]) if people else None, entries=entries)


def entries_of(person: WirePerson) -> dict[TargetId, EntryState]:
    unknown = [entry for entry in person.access if entry.state not in STATES]
    if unknown:
        raise Anomaly("the gate shows an entry in a state that is not documented")
    return {_target(entry.target): STATES[entry.state] for entry in person.access}


def shown_code(person: WirePerson) -> GateCode | None:
    """Return the code, or None where the controller masks it."""
    return None if "*" in person.code.reveal() else person.code


def name_for(tenant: Tenant) -> str:
    """Return the name to show at the gate, in the form that it takes."""
    return inert(tenant.name, MAX_NAME) or "Tenant"


def check_target(target: TargetId) -> TargetId:
    """Return `target`. Raises `Rejected` for a name that a path would understand otherwise."""
    if not is_safe_target(target) or target in {".", ".."}:
        raise Rejected("the target's name cannot be used in a call to the gate")
    return target


def in_path(target: TargetId) -> str:
    """Return `target` as one step of a path. Raises like `check_target`."""
    return quote(check_target(target), safe="")


def _target(name: str) -> TargetId:
    """An entry under a name that the bridge could never have used is shown escaped, and so stays foreign."""
    return TargetId(name) if is_safe_target(name) else TargetId(f"?{name[:64]!a}")
