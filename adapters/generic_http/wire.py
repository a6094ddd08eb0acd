"""People and entries as they stand in answers, read by the configured paths. What is not ours is not read at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.generic_http.paths import MISSING, Path, PathError, as_word, many, one, parse_path
from adapters.generic_http.shape import EntryPlaces, MarkMatch, Otherwise, PersonPlaces, StateWords
from bridge.sdk import Anomaly, EntryState, GateCode, TargetId, is_safe_target

MAX_ID: Final = 256
MASKS: Final = frozenset("*•●")

VendorId = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a person may do at one target. `id` is the vendor's, where entries have one."""

    target: TargetId
    state: EntryState
    is_settled: bool = True
    id: VendorId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing of ours at the vendor: a person with all entries, or one entry by itself."""

    id: VendorId
    code: GateCode | None
    is_suspended: bool = False
    """None of the entries opens, whatever its own state."""
    entries: tuple[Entry, ...] = ()


def place(document: Any, text: str, what: str) -> Any:
    """Return what stands at a path, or `MISSING`. Raises `Anomaly` where the answer has another form."""
    try:
        return one(document, parse_path(text))
    except PathError as error:
        raise Anomaly(f"{what}: {error}") from None


def places(document: Any, text: str, what: str, *, null_is_empty: bool = False) -> list[Any]:
    """Return all that stands at a path. Raises `Anomaly` where the list is missing or the answer has another form."""
    try:
        path: Path = parse_path(text)
        return many(document, path, null_is_empty=null_is_empty)
    except PathError as error:
        raise Anomaly(f"{what}: {error}") from None


def is_marked(item: Any, holder: PersonPlaces | EntryPlaces, mark: str) -> bool:
    """Tell whether `item` has this mark. One without a mark is somebody else's."""
    return mark in marks_in(item, holder)


def marks_in(item: Any, holder: PersonPlaces | EntryPlaces) -> Sequence[str]:
    """Return all that stands where a mark would."""
    told = place(item, holder.mark or "@", "mark")
    word = None if told is MISSING or told is None else as_word(told)
    if word is None:
        return ()
    return word.split() if holder.mark_match is MarkMatch.WORD else (word,)


def read_person(item: Any, places_: PersonPlaces, entries: tuple[Entry, ...], alphabet: str) -> Record:
    state, _ = read_state(item, places_, "person")
    return Record(
        id=read_id(item, places_.id, "person"),
        code=read_code(item, places_.code, alphabet),
        is_suspended=state is EntryState.SUSPENDED,
        entries=entries,
    )


def read_entry(item: Any, places_: EntryPlaces, asked: TargetId | None = None) -> Entry:
    """Return an entry; `asked` is the target whose entries were asked for. Raises `Anomaly` for another's."""
    told = read_target(item, places_.target) if places_.target is not None else asked
    if told is None or (asked is not None and told != asked):
        raise Anomaly("entry: the vendor listed another target than was asked for")
    state, is_settled = read_state(item, places_, "entry")
    id_ = None if places_.id is None else read_id(item, places_.id, "entry")
    return Entry(target=told, state=state, is_settled=is_settled, id=id_)


def read_lone_entry(item: Any, places_: EntryPlaces, alphabet: str, asked: TargetId | None) -> Record:
    """Return an entry that is a thing by itself, with a code of its own."""
    entry = read_entry(item, places_, asked)
    if entry.id is None:
        raise Anomaly("entry: it has no id")
    return Record(id=entry.id, code=read_code(item, places_.code, alphabet), entries=(entry,))


def read_id(item: Any, at: str, what: str) -> VendorId:
    value = place(item, at, what)
    is_id = isinstance(value, str | int) and not isinstance(value, bool)
    if not is_id or not 0 < len(str(value)) <= MAX_ID or not str(value).isprintable():
        raise Anomaly(f"{what}: there is no id at {at}")
    found: VendorId = value
    return found


def read_target(item: Any, at: str) -> TargetId:
    """Return a target. One that the bridge could never have used is shown escaped, and so stays foreign."""
    value = place(item, at, "target")
    if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
        raise Anomaly(f"target: there is none at {at}")
    name = str(value)
    return TargetId(name) if is_safe_target(name) else TargetId(f"?{name[:64]!a}")


def read_code(item: Any, at: str | None, alphabet: str) -> GateCode | None:
    """Return the code; None where codes are not shown, or there is none. Raises `Anomaly` for a masked one."""
    value = None if at is None else place(item, at, "code")
    if value is None or value is MISSING or value == "":
        return None
    if not isinstance(value, str):
        raise Anomaly(f"code: at {at} is no text; a code that is a number has lost its leading zeros")
    if MASKS & set(value) - set(alphabet):
        raise Anomaly("code: the vendor masks it; set capabilities.shows_codes = false")
    return GateCode(value)


def read_state(item: Any, words: StateWords, what: str) -> tuple[EntryState, bool]:
    """Return a state and whether it is settled. A state that is missing counts as null."""
    if words.state is None:
        return EntryState.ACTIVE, True
    told = place(item, words.state, what)
    word = as_word(None if told is MISSING else told)
    if word is not None and word in words.table:
        return words.table[word]
    if words.otherwise is Otherwise.PROVES_NOTHING:
        raise Anomaly(f"{what}: the word at {words.state} is none of those that are configured")
    return EntryState(words.otherwise), True
