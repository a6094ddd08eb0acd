"""The controller's words and ours, by table."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from adapters.simulator.options import Codes, SimulatorOptions
from adapters.simulator.wire import WireError, WireKind, WirePerson, WireState
from bridge.sdk import (
    Anomaly,
    BridgeError,
    Capabilities,
    CodeMaker,
    CodeRules,
    Conflict,
    EntryState,
    GateCode,
    NoCapacity,
    Observed,
    OutcomeUnknown,
    Ref,
    Rejected,
    TargetId,
    Tenant,
    Unsupported,
    blotted,
    inert,
    is_safe_target,
)

MAX_NAME: Final = 40
MAX_CONTACT: Final = 120

STATES: Final[Mapping[WireState, EntryState]] = {
    WireState.ACTIVE: EntryState.ACTIVE,
    WireState.SUSPENDED: EntryState.SUSPENDED,
}
STATE_WORDS: Final[Mapping[EntryState, str]] = {state: word.value for word, state in STATES.items()}
REFUSALS: Final[Mapping[str, type[BridgeError]]] = {
    "code_in_use": Conflict,
    "capacity": NoCapacity,
    "internal": OutcomeUnknown,
    "unsupported": Unsupported,
}
"""All others are `Rejected`; `not_found` has a meaning of its own in each call."""

_IN_DOUBT: Final = {"code": "unknown"}


def refusal(error: WireError, private: Collection[str]) -> BridgeError:
    """Return what a refused write means. `private` and all that looks a code is blotted out of the gate's text."""
    kind = REFUSALS.get(error.code, Rejected)
    return kind(f"the gate refused it: {blotted(error.code, private, 40)} ({blotted(error.text, private)})")


def capabilities_of(options: SimulatorOptions) -> Capabilities:
    return Capabilities(
        code_rules=CodeRules(min_length=6, max_length=6),
        reads_codes=options.shows_codes,
        code_maker=CodeMaker.VENDOR if options.codes is Codes.MADE else CodeMaker.BRIDGE,
        suspends=options.suspends,
        one_occupant=options.one_occupant,
        surveys=True,
    )


def differing(options: SimulatorOptions, kind: WireKind) -> Mapping[str, str]:
    """Return the options that the controller contradicts, each with its own word for it."""
    told, said = kind.model_dump(), options.model_dump()
    return {key: str(word).lower() for key, word in told.items() if word != said[key]}


def observed(people: Sequence[WirePerson], ref: Ref | None) -> Observed:
    """Return what is known of one person.

    Several people under one key are all theirs: a door is open if any opens it, and which code works is in doubt.
    Raises `Anomaly` for an entry in a state that the controller's documents do not have.
    """
    entries: dict[TargetId, EntryState] = {}
    for person in people:
        for target, state in entries_of(person).items():
            if entries.get(target) is not EntryState.ACTIVE:
                entries[target] = state
    if not people:
        return Observed()
    if len(people) > 1 or not knows_code(ref, people[0]):
        return Observed(exists=True, code_in_doubt=True, entries=entries)
    return Observed(exists=True, code=shown_code(people[0]), entries=entries)


def entries_of(person: WirePerson) -> dict[TargetId, EntryState]:
    """Return what opens: nothing does while the person is suspended."""
    states = own_states(person)
    return dict.fromkeys(states, EntryState.SUSPENDED) if person.suspended else states


def own_states(person: WirePerson) -> dict[TargetId, EntryState]:
    """Return the entries' own states, as if the person were not suspended."""
    unknown = [entry for entry in person.access if entry.state not in STATES]
    if unknown:
        raise Anomaly("the gate shows an entry in a state that is not documented")
    return {_target(entry.target): STATES[entry.state] for entry in person.access}


def seen_by_strangers(person: WirePerson) -> dict[TargetId, EntryState]:
    """Return the entries of somebody who is not ours: in a state that is not documented, one may be open."""
    states = {_target(entry.target): STATES.get(entry.state, EntryState.ACTIVE) for entry in person.access}
    return dict.fromkeys(states, EntryState.SUSPENDED) if person.suspended else states


def knows_code(ref: Ref | None, person: WirePerson) -> bool:
    """Tell whether the person's code can be known: it is shown, or the reference vouches for it."""
    vouches = ref is not None and ref.get("id") == person.id and not _IN_DOUBT.items() <= ref.items()
    return vouches or shown_code(person) is not None


def make_ref(person: int, *, is_code_known: bool) -> Ref:
    """Return what to keep of a person. Where codes are masked, nothing else tells that theirs is in doubt."""
    return {"id": person} if is_code_known else {"id": person, **_IN_DOUBT}


def shown_code(person: WirePerson) -> GateCode | None:
    """Return the code, or None where the controller masks it."""
    return None if "*" in person.code.reveal() else person.code


def profile_for(tenant: Tenant) -> Mapping[str, str]:
    """Return name, e-mail and phone for the gate, in the form that it takes; one that does not fit is left out."""
    return {
        "name": inert(tenant.name, MAX_NAME) or "Tenant",
        "email": _contact(tenant.email),
        "phone": _contact(tenant.phone),
    }


def profile_of(person: WirePerson) -> Mapping[str, str]:
    return {"name": person.name, "email": person.email, "phone": person.phone}


def check_target(target: TargetId) -> TargetId:
    """Return `target`. Raises `Rejected` for a name that a path would understand otherwise."""
    if not is_safe_target(target) or target in {".", ".."}:
        raise Rejected("the target's name cannot be used in a call to the gate")
    return target


def in_path(target: TargetId) -> str:
    """Return `target` as one step of a path. Raises like `check_target`."""
    return quote(check_target(target), safe="")


def _contact(text: str | None) -> str:
    return "" if text is None or len(text) > MAX_CONTACT else inert(text, MAX_CONTACT)


def _target(name: str) -> TargetId:
    """An entry under a name that the bridge could never have used is shown escaped, and so stays foreign."""
    return TargetId(name) if is_safe_target(name) else TargetId(f"?{name[:64]!a}")
