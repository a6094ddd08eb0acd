"""Seam's words and ours, by table."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from adapters.seam.options import Confirm, NameStyle, SeamCodesOptions
from adapters.seam.wire import Changes, CodeStatus, CodeType, WireCode, WireIssue, WireLock, WireMark
from bridge.sdk import (
    BridgeError,
    Capabilities,
    CodeRules,
    Conflict,
    EntryState,
    NoCapacity,
    Observed,
    Person,
    SuspendScope,
    Target,
    TargetId,
    Tenant,
    inert,
    is_safe_target,
)

MAX_READABLE: Final = 40
TAG_CHARACTERS: Final = 12
_TAG: Final = re.compile(r"\((gb-[a-z2-7]{12})\)\Z")

FAR_START: Final = datetime(2099, 1, 1, tzinfo=UTC)
FAR_END: Final = datetime(2099, 1, 2, tzinfo=UTC)
_FAR: Final = datetime(2090, 1, 1, tzinfo=UTC)
"""A code that begins later than this was postponed, whatever Seam rounded its time to."""
POSTPONED: Final[Changes] = {
    "type": "time_bound",
    "starts_at": FAR_START.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "ends_at": FAR_END.strftime("%Y-%m-%dT%H:%M:%SZ"),
}
UNBOUND: Final[Changes] = {"type": "ongoing"}

REFUSED_BY_THE_LOCK: Final[Mapping[str, type[BridgeError]]] = {
    "no_space_for_access_code_on_device": NoCapacity,
    "smartthings_no_free_slots_available": NoCapacity,
    "hubitat_no_free_positions_available": NoCapacity,
    "duplicate_code_on_device": Conflict,
}
"""Errors of a code that the lock never takes as it is; with all others Seam goes on trying."""


def capabilities_of(options: SeamCodesOptions) -> Capabilities:
    length = options.code_length
    return Capabilities(
        code_rules=CodeRules(min_length=length, max_length=length, alphabet=options.digits),
        suspends=SuspendScope.TARGET,
        updates_person=options.name_style is NameStyle.TENANT,
    )


def tag_of(person: Person) -> str:
    """Return what stands in the name of each of a person's codes, and in nobody else's."""
    digest = hashlib.sha256(person.key.encode()).digest()
    return "gb-" + base64.b32encode(digest).decode().lower()[:TAG_CHARACTERS]


def readable(tenant: Tenant) -> str:
    """Return the tenant's name as Seam is told it."""
    return inert(tenant.name, MAX_READABLE)


def label_for(person: Person, style: NameStyle) -> str:
    """Return the name of a person's codes; the mark comes last, where no tenant's name can stand."""
    words = readable(person.tenant) or "Tenant"
    return f"{words if style is NameStyle.TENANT else 'Gatebridge'} ({tag_of(person)})"


def is_of(mark: WireMark, tag: str, known: str | None) -> bool:
    """Tell whether a code is the person's: by its mark, or as the one that we keep, should staff have renamed it."""
    found = _TAG.search(mark.name or "")
    return mark.access_code_id == known if found is None else found.group(1) == tag


def observed(found: Mapping[TargetId, Sequence[WireCode]], confirm: Confirm) -> Observed:
    """Return what is known of one person, from their codes at each lock. Which of several works is in doubt."""
    entries: dict[TargetId, EntryState] = {}
    unsettled: set[TargetId] = set()
    alive: list[WireCode] = []
    has_doubles = False
    for device, codes in found.items():
        if not codes:
            continue
        is_open = any(state_of(code) is EntryState.ACTIVE for code in codes)
        entries[device] = EntryState.ACTIVE if is_open else EntryState.SUSPENDED
        if not all(is_settled(code, confirm) for code in codes):
            unsettled.add(device)
        staying = [code for code in codes if not is_going(code)]
        has_doubles |= len(staying) > 1
        alive += staying
    shown = alive[0].code if alive else None
    is_odd = any(code.code is None or code.code != shown or may_have_earlier_digits(code) for code in alive)
    in_doubt = has_doubles or is_odd
    return Observed(
        exists=bool(entries),
        code=None if in_doubt else shown,
        code_in_doubt=in_doubt,
        entries=entries,
        unsettled=frozenset(unsettled),
    )


def state_of(code: WireCode) -> EntryState:
    """Return what Seam was last told to make of a code; one that is being deleted may still open."""
    is_out_of_time = code.status is CodeStatus.UNSET and code.type is CodeType.TIME_BOUND
    is_shut = is_postponed(code) or is_out_of_time or refused_by_lock(code) is not None
    return EntryState.SUSPENDED if is_shut else EntryState.ACTIVE


def is_settled(code: WireCode, confirm: Confirm) -> bool:
    """Tell whether the lock is known to do as Seam was told."""
    if any(map(_is_of_the_code, code.errors)):
        return False
    if is_postponed(code):
        return code.status is CodeStatus.UNSET or confirm is Confirm.ACCEPTED
    if code.status is CodeStatus.SETTING:
        return confirm is Confirm.ACCEPTED
    return code.status is (CodeStatus.UNSET if state_of(code) is EntryState.SUSPENDED else CodeStatus.SET)


def is_postponed(code: WireCode) -> bool:
    return code.type is CodeType.TIME_BOUND and code.starts_at is not None and code.starts_at >= _FAR


def is_going(code: WireCode) -> bool:
    """Tell whether a code is being deleted: one with a time of its own may only be coming off the lock."""
    return code.status is CodeStatus.REMOVING and code.type is not CodeType.TIME_BOUND


def refused_by_lock(code: WireCode) -> type[BridgeError] | None:
    if code.status is CodeStatus.SET:
        return None
    reasons = (REFUSED_BY_THE_LOCK.get(issue.error_code) for issue in code.errors)
    return next((reason for reason in reasons if reason is not None), None)


def may_have_earlier_digits(code: WireCode) -> bool:
    """Tell whether the lock refuses a code as one that it has: the digits from before may still open then."""
    is_shut = is_postponed(code) or code.status is CodeStatus.UNSET
    return refused_by_lock(code) is Conflict and not is_shut


def window_of(code: WireCode) -> Changes:
    """Return the time of a code as an update must repeat it: a server that is not told takes it for unbound.

    A time that is over would be refused, so a code that is shut by its time is shut as we do it.
    """
    if code.type is not CodeType.TIME_BOUND:
        return {}
    if is_postponed(code) or code.status in {CodeStatus.UNSET, CodeStatus.REMOVING}:
        return POSTPONED
    bounds = {"starts_at": code.starts_at, "ends_at": code.ends_at}
    return {"type": "time_bound", **{name: moment.isoformat() for name, moment in bounds.items() if moment is not None}}


def takes_codes(lock: WireLock) -> bool:
    """Tell whether a lock takes codes over the air. Where Seam does not say, it is taken to."""
    return lock.can_program_online_access_codes is not False


def targets_of(locks: Sequence[WireLock]) -> list[Target]:
    """Return the locks that take codes over the air."""
    return [
        Target(id=TargetId(lock.device_id), name=name_of(lock), kind=inert(lock.device_type, MAX_READABLE) or "lock")
        for lock in locks
        if is_safe_target(lock.device_id) and takes_codes(lock)
    ]


def name_of(lock: WireLock) -> str:
    """Return what people call a lock: the name in Seam's console, which is theirs where they gave one."""
    names = (lock.display_name, lock.properties.name, lock.device_id)
    return next(name for name in (inert(name, 80) for name in names) if name)


def _is_of_the_code(issue: WireIssue) -> bool:
    return not (issue.is_device_error or issue.is_connected_account_error)
