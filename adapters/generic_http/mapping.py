"""From tenants to placeholders, and from what was found to what the bridge knows."""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from adapters.generic_http.options import GenericHttpOptions
from adapters.generic_http.rules import WHO, uses
from adapters.generic_http.shape import Codes, MarkHolds, Names
from adapters.generic_http.templates import Scalar, Values
from adapters.generic_http.wire import Record, VendorId
from bridge.sdk import (
    Capabilities,
    CodeMaker,
    CodeRules,
    EntryState,
    GateCode,
    Observed,
    Ref,
    Rejected,
    TargetId,
    Tenant,
    inert,
    is_safe_target,
)

MIN_CODE_DIGITS: Final = 4
MARK: Final = re.compile(r"gb-[0-9a-f]{16}")
_IN_DOUBT: Final = {"code": "unknown"}


def capabilities_of(options: GenericHttpOptions) -> Capabilities:
    ability = options.capabilities
    rules = CodeRules(
        min_length=ability.code_min_length, max_length=ability.code_max_length, alphabet=ability.code_alphabet
    )
    return Capabilities(
        code_rules=rules,
        reads_codes=ability.shows_codes,
        code_maker=CodeMaker.VENDOR if ability.codes is Codes.MADE else CodeMaker.BRIDGE,
        suspends=ability.suspends,
        one_occupant=ability.one_occupant,
        updates_person=options.requests.update is not None,
        surveys=lists_everybody(options),
    )


def lists_everybody(options: GenericHttpOptions) -> bool:
    """Tell whether `find` is one list of everybody, with all of each in it."""
    asks_for_one = any(uses(options.requests, "find", name) for name in (*WHO, "target"))
    return not asks_for_one and options.requests.entries is None


def mark_of(key: str) -> str:
    """Return the short form of a person's key: 19 characters, the same for ever, and no other person's."""
    return f"gb-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def mark_text(key: str, holds: MarkHolds) -> str:
    return key if holds is MarkHolds.KEY else mark_of(key)


def values_of(key: str, tenant: Tenant, names: Names) -> Values:
    """Return what stands for the placeholders of a person; what the tenant does not have is None."""
    name = inert(tenant.name, names.max_name) or names.fallback
    first, _, last = name.rpartition(" ")
    return {
        "person.key": key,
        "person.mark": mark_of(key),
        "tenant.name": name,
        "tenant.first_name": first or last,
        "tenant.last_name": last if first else names.fallback,
        "tenant.email": _contact(tenant.email, names),
        "tenant.phone": _contact(tenant.phone, names),
    }


def with_(values: Values, **more: Scalar) -> Values:
    return {**values, **more}


def check_target(target: TargetId) -> TargetId:
    """Return `target`. Raises `Rejected` for a name that a path would understand otherwise."""
    if not is_safe_target(target) or any(part in {".", ".."} for part in re.split(r"[/\\]", target)):
        raise Rejected("the target's name cannot be used in a call to the vendor")
    return target


def observed(records: Sequence[Record], ref: Ref | None, *, shows_codes: bool, has_doubles: bool) -> Observed:
    """Return what is known of one person: a door is open if any record opens it.

    Which code works is in doubt where records disagree or were made twice, one has none, or nobody vouches for it.
    """
    if not records:
        return Observed()
    entries: dict[TargetId, EntryState] = {}
    settled: dict[TargetId, bool] = {}
    for record in records:
        for target, (state, is_settled) in states_of(record).items():
            if entries.get(target) is not EntryState.ACTIVE:
                entries[target] = state
            settled[target] = settled.get(target, True) and is_settled
    codes = [record.code for record in records]
    is_known = all(code == codes[0] for code in codes) and (
        codes[0] is not None if shows_codes else vouches(ref, [record.id for record in records])
    )
    in_doubt = has_doubles or not is_known
    return Observed(
        exists=True,
        code=None if in_doubt else codes[0],
        code_in_doubt=in_doubt,
        entries=entries,
        unsettled=frozenset(target for target, is_settled in settled.items() if not is_settled),
    )


def states_of(record: Record) -> dict[TargetId, tuple[EntryState, bool]]:
    """Return what opens, and whether that is settled: nothing opens while the record is suspended."""
    states: dict[TargetId, tuple[EntryState, bool]] = {}
    for entry in record.entries:
        state = EntryState.SUSPENDED if record.is_suspended else entry.state
        before, was_settled = states.get(entry.target, (state, True))
        state = EntryState.ACTIVE if EntryState.ACTIVE in {before, state} else state
        states[entry.target] = state, was_settled and entry.is_settled
    return states


def is_double(records: Sequence[Record]) -> bool:
    """Tell whether two entries are at one target, where each is a thing by itself."""
    targets = [entry.target for record in records for entry in record.entries]
    return len(set(targets)) < len(targets)


def make_ref(ids: Iterable[VendorId], targets: Collection[TargetId], *, is_code_known: bool) -> Ref:
    """Return what to keep: ids, where to look at a vendor that lists by target, and whether the code is in doubt."""
    ref: dict[str, Any] = {"ids": sorted(ids, key=str)}
    if targets:
        ref["targets"] = sorted(targets)
    return ref if is_code_known else {**ref, **_IN_DOUBT}


def ids_of(ref: Ref | None) -> list[VendorId]:
    ids = [] if ref is None else ref.get("ids")
    return [id_ for id_ in ids if isinstance(id_, str | int)] if isinstance(ids, list) else []


def targets_of(ref: Ref | None) -> frozenset[TargetId]:
    targets = [] if ref is None else ref.get("targets")
    return frozenset(TargetId(t) for t in targets if isinstance(t, str)) if isinstance(targets, list) else frozenset()


def vouches(ref: Ref | None, ids: Iterable[VendorId]) -> bool:
    """Tell whether the reference vouches for the code of all these, where the vendor does not show it."""
    return ref is not None and set(ids) <= set(ids_of(ref)) and not _IN_DOUBT.items() <= ref.items()


def same_code(shown: GateCode | None, wanted: GateCode | None) -> bool:
    return shown is not None and shown == wanted


def _contact(text: str | None, names: Names) -> str | None:
    cleaned = None if text is None or len(text) > names.max_contact else inert(text, names.max_contact)
    return cleaned or None
