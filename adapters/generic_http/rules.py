"""Whether a configuration can work: which requests it needs, what may stand in them, what their answers must tell.

Each rule yields a sentence that begins with the key at fault.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.generic_http.requests import Empty, Method, Request, Requests
from adapters.generic_http.shape import Ability, Codes, EntryPlaces, Otherwise, PersonPlaces, Private, Shape, StateWords
from adapters.generic_http.templates import NULL, Slot, slots_of
from bridge.sdk import SuspendScope

WHO: Final = frozenset({"person.key", "person.mark"})
TENANT: Final = frozenset({"tenant.name", "tenant.first_name", "tenant.last_name", "tenant.email", "tenant.phone"})
TOLD: Final = WHO | TENANT | {"code"}
_DOOR: Final = frozenset({"target"})
_NONE: Final[frozenset[str]] = frozenset()

PLACEHOLDERS: Final[Mapping[Shape, Mapping[str, frozenset[str]]]] = {
    Shape.PERSON: {
        "find": WHO,
        "show": WHO | {"id"},
        "entries": WHO | {"id"},
        "create": TOLD,
        "remove": WHO | {"id"},
        "grant": TOLD | _DOOR | {"id"},
        "revoke": WHO | _DOOR | {"id", "entry_id"},
        "suspend": TOLD | _DOOR | {"id", "entry_id"},
        "resume": TOLD | _DOOR | {"id", "entry_id"},
        "set_code": TOLD | {"id"},
        "update": TOLD | {"id"},
        "list_targets": _NONE,
        "check": _NONE,
    },
    Shape.ENTRY: {
        "find": WHO | _DOOR,
        "show": WHO | {"entry_id"},
        "grant": TOLD | _DOOR,
        "revoke": WHO | _DOOR | {"entry_id"},
        "suspend": TOLD | _DOOR | {"entry_id"},
        "resume": TOLD | _DOOR | {"entry_id"},
        "set_code": TOLD | _DOOR | {"entry_id"},
        "update": TOLD | _DOOR | {"entry_id"},
        "list_targets": _NONE,
        "check": _NONE,
    },
}
"""What may stand in each request; one that is not named does not exist in that shape."""
NEEDED: Final[Mapping[Shape, tuple[str, ...]]] = {
    Shape.PERSON: ("create", "remove", "grant", "revoke", "suspend", "resume", "set_code"),
    Shape.ENTRY: ("grant", "revoke", "suspend", "resume", "set_code"),
}
MAKES: Final[Mapping[Shape, str]] = {Shape.PERSON: "create", Shape.ENTRY: "grant"}
"""The request that leaves the mark at the vendor."""
READS: Final = ("find", "show", "entries", "list_targets", "check")
REWRITES: Final = ("suspend", "resume", "set_code", "update")
"""Changes of what has the mark."""
WITH_GIVEN_CODE: Final = frozenset({"create", "grant", "resume", "set_code"})
"""Changes that bring the code along; in others it is the one that the look-up shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is checked."""

    requests: Requests
    shape: Shape
    capabilities: Ability
    person: PersonPlaces | None
    entry: EntryPlaces
    url_may_hold: tuple[Private, ...]


def troubles(given: Given) -> Iterator[str]:
    yield from _parts(given)
    yield from _places(given)
    yield from _placeholders(given)
    yield from _codes(given)
    yield from _states(given)


def uses(requests: Requests, name: str, placeholder: str) -> bool:
    """Tell whether the request `name` holds the placeholder."""
    written = dict(requests.written()).get(name)
    if written is None:
        return False
    return any(slot.name == placeholder for key, raw in written.templates() for _, slot, _ in slots_of(raw, key))


def _parts(given: Given) -> Iterator[str]:
    written = dict(given.requests.written())
    for name in NEEDED[given.shape]:
        if name not in written:
            yield f'{name}: is missing; shape = "{given.shape}" needs it'
    for name in written:
        if name not in PLACEHOLDERS[given.shape]:
            yield f'{name}: is not for shape = "{given.shape}"'
    for name in READS:
        if name in written and written[name].method not in {Method.GET, Method.POST}:
            yield f"{name}.method: must be GET or POST: a look-up changes nothing"
    if given.shape is Shape.ENTRY and uses(given.requests, "find", "target") and "list_targets" not in written:
        yield "list_targets: is missing; a find by {target} needs it, to look everywhere when nothing is remembered"
    if given.requests.find.empty is Empty.NOTHING and any(uses(given.requests, "find", name) for name in WHO):
        yield 'find.empty: "nothing" is for a list of everybody; one by the mark is empty for each new tenant'
    if given.shape is Shape.ENTRY and given.capabilities.suspends is not SuspendScope.TARGET:
        yield 'capabilities.suspends: must be "target" where shape = "entry"'


def _places(given: Given) -> Iterator[str]:
    entry, written = given.entry, dict(given.requests.written())
    if (given.shape is Shape.PERSON) is (given.person is None):
        yield 'person: is needed where shape = "person", and not for "entry"'
    if given.shape is Shape.PERSON:
        if entry.mark is not None or entry.code is not None:
            yield 'entry.mark: mark and code stand under person where shape = "person"'
        if (entry.within is None) is ("entries" not in written):
            yield "entries: either requests.entries lists them, or entry.within says where they stand in a person"
    else:
        if entry.id is None or entry.mark is None:
            yield 'entry.id: id and mark are needed where shape = "entry"'
        if entry.within is not None:
            yield 'entry.within: is not for shape = "entry"'
    if entry.target is None and not (given.shape is Shape.ENTRY and uses(given.requests, "find", "target")):
        yield "entry.target: is needed, unless find asks by {target}"
    holder = given.person or entry
    made = MAKES[given.shape]
    if made in written:
        yield from _mark(given.requests, made, f"person.{holder.mark_holds}")


def _mark(requests: Requests, made: str, mark: str) -> Iterator[str]:
    """The mark is left, is what one looks for, and is not written over: else each run would make somebody anew."""
    if not uses(requests, made, mark):
        yield f"{made}: must hold {{{mark}}}, or nobody is found again"
    for name in sorted(WHO):
        if uses(requests, "find", name) and not uses(requests, made, name):
            yield f"find: asks by {{{name}}}, which {made} does not leave at the vendor"
    written = dict(requests.written())
    places = {_last_name(at) for at, leaf in _leaves(written[made]) if _holds(leaf, mark)}
    for name in REWRITES:
        for at, leaf in _leaves(written[name]) if name in written else ():
            if _last_name(at) in places and not _holds(leaf, mark):
                yield f"{name}.{at}: must hold {{{mark}}} as in {made}, or the mark is written over"


def _leaves(request: Request) -> Iterator[tuple[str, Any]]:
    left = [(key, raw) for key, raw in request.templates() if key != "path" and raw is not None]
    while left:
        at, raw = left.pop(0)
        if isinstance(raw, dict):
            left += [(f"{at}.{name}", inner) for name, inner in raw.items()]
        elif isinstance(raw, list):
            left += [(at, inner) for inner in raw]
        else:
            yield at, raw


def _last_name(at: str) -> str:
    return at.rpartition(".")[2]


def _holds(leaf: Any, placeholder: str) -> bool:
    return any(slot.name == placeholder for _, slot, _ in slots_of(leaf, ""))


def _placeholders(given: Given) -> Iterator[str]:
    for name, request in given.requests.written():
        known = PLACEHOLDERS[given.shape].get(name, _NONE)
        for key, raw in request.templates():
            for at, slot, alone in slots_of(raw, key):
                yield from _placeholder(given, f"{name}.{at}", slot, known=known, stands_alone=alone)
    if given.entry.id is None and any(uses(given.requests, name, "entry_id") for name in PLACEHOLDERS[given.shape]):
        yield "entry.id: is needed for {entry_id}"


def _placeholder(given: Given, at: str, slot: Slot, *, known: frozenset[str], stands_alone: bool) -> Iterator[str]:
    name, in_url = slot.name, at.split(".")[1] in {"path", "query"}
    if name == NULL:
        if at.split(".")[1] != "json" or not stands_alone:
            yield f"{at}: {{null}} is for a value of json, alone"
        return
    if name not in known:
        yield f"{at}: {{{name}}} cannot stand here; what can: {', '.join(sorted(known)) or 'none'}"
    if slot.is_int and name not in {"target", "id", "entry_id"}:
        yield f"{at}: {{{name}|int}} is no number; target, id and entry_id may be"
    if in_url and name == "code" and Private.CODE not in given.url_may_hold:
        yield f'{at}: {{code}} would be in an address, which logs keep; url_may_hold = ["code"] allows it'
    if in_url and name in TENANT and Private.TENANT not in given.url_may_hold:
        yield f'{at}: {{{name}}} would be in an address, which logs keep; url_may_hold = ["tenant"] allows it'
    is_switch = given.capabilities.suspends is SuspendScope.PERSON and at.split(".", 1)[0] in {"suspend", "resume"}
    if is_switch and name in {"target", "entry_id"}:
        yield f'{at}: {{{name}}} cannot stand here where capabilities.suspends = "person"'


def _codes(given: Given) -> Iterator[str]:
    place = (given.person or given.entry).code
    if given.capabilities.shows_codes is (place is None):
        where = "entry" if given.person is None else "person"
        yield f"{where}.code: is needed where capabilities.shows_codes = true, and not for false"
    yield from (_made_codes if given.capabilities.codes is Codes.MADE else _given_codes)(given)


def _made_codes(given: Given) -> Iterator[str]:
    requests = given.requests
    if given.shape is Shape.ENTRY:
        yield 'capabilities.codes: "made" needs shape = "person": one tenant has one code'
    for name in sorted(WITH_GIVEN_CODE):
        if uses(requests, name, "code"):
            yield f'{name}: must not hold {{code}} where capabilities.codes = "made"'
    told = {"create": requests.create, "set_code": requests.set_code}
    for name, request in told.items():
        if request is not None and request.code is None and not given.capabilities.shows_codes:
            yield f"{name}.code: is needed where the vendor makes the codes and its look-up does not show them"


def _given_codes(given: Given) -> Iterator[str]:
    for name in ("set_code", "grant") if given.shape is Shape.ENTRY else ("set_code",):
        if not uses(given.requests, name, "code"):
            yield f'{name}: must hold {{code}} where capabilities.codes = "given"'
    for name in PLACEHOLDERS[given.shape]:
        knows = name in WITH_GIVEN_CODE or given.capabilities.shows_codes
        if not knows and uses(given.requests, name, "code"):
            yield f"{name}: holds {{code}}, which nobody knows there where capabilities.shows_codes = false"


def _states(given: Given) -> Iterator[str]:
    by_person = given.capabilities.suspends is SuspendScope.PERSON
    if given.person is not None:
        if given.person.pending:
            yield "person.pending: only entries are pending"
        if by_person or given.person.state is not None:
            yield from _tells_both("person", given.person)
    if not by_person:
        yield from _tells_both("entry", given.entry)
    elif given.entry.suspended or given.entry.otherwise is Otherwise.SUSPENDED:
        yield 'entry.suspended: entries are not suspended one by one where capabilities.suspends = "person"'


def _tells_both(where: str, words: StateWords) -> Iterator[str]:
    if not (words.active or words.otherwise is Otherwise.ACTIVE):
        yield f"{where}.active: is missing: nothing would say that something is open"
    if not (words.suspended or words.otherwise is Otherwise.SUSPENDED):
        yield f"{where}.suspended: is missing: nothing would say that something is suspended"
