"""What changes make of the feed's rows, cut off anywhere, and what the options make of its look."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.pull_feed import ADAPTER
from adapters.pull_feed.options import PullFeedOptions
from bridge.domain.changes import Change, EntryState, Kind
from bridge.domain.credential import GateCode
from bridge.domain.errors import Anomaly, BridgeError, Conflict, Rejected, StoreUnavailable, Unsupported
from bridge.domain.ids import TargetId
from bridge.ports.adapter import Adapter, AdapterContext
from bridge.ports.feed import Feed, FeedFormat
from bridge.ports.findings import Verdict
from bridge.testing.hands import Crash, Hands, somebody
from bridge.testing.memory_shelf import MemoryShelf

pytestmark = pytest.mark.anyio
TOKEN = "token-of-a-controller-5be0"
DOOR, OTHER_DOOR = TargetId("B-014"), TargetId("B-021")
CODE, OTHER_CODE = GateCode("048213"), GateCode("590274")
ACTIVE, SUSPENDED = EntryState.ACTIVE, EntryState.SUSPENDED


class Trouble:
    """Stops the shelf at its call with this number, once."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.error: BaseException = Crash()

    def __call__(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            raise self.error


def opened(shelf: MemoryShelf, **options: Any) -> tuple[Adapter, Feed]:
    def no_client(url: str) -> Any:
        raise AssertionError(url)

    given = ADAPTER.options.model_validate({"tokens": [TOKEN], **options})
    context = AdapterContext(site=somebody().subject.site, client_for=no_client, shelf=shelf)
    assert ADAPTER.feed is not None
    return ADAPTER.open(given, context), ADAPTER.feed(given, context)


STEPS: list[tuple[Kind, TargetId | None, GateCode | None]] = [
    (Kind.GRANT, DOOR, CODE),
    (Kind.GRANT, OTHER_DOOR, CODE),
    (Kind.CHANGE_CODE, None, OTHER_CODE),
    (Kind.SUSPEND, DOOR, None),
    (Kind.RESUME, DOOR, OTHER_CODE),
    (Kind.REVOKE, OTHER_DOOR, None),
    (Kind.REMOVE_PERSON, None, None),
]


@pytest.mark.parametrize("error", [Crash(), StoreUnavailable("the disk is full")], ids=["crash", "no store"])
@pytest.mark.parametrize("step", range(len(STEPS)))
async def test_a_change_cut_off_at_any_call_of_the_shelf_is_ended_by_the_next(step: int, error: BaseException) -> None:
    whole = MemoryShelf()
    hands = Hands(opened(whole)[0], somebody())
    for change in STEPS[: step + 1]:
        await hands.apply(*change)
    expected = await hands.observe()
    for call in range(9):
        trouble = Trouble()
        trouble.error = error
        shelf = MemoryShelf(trouble)
        hands = Hands(opened(shelf)[0], somebody())
        for change in STEPS[:step]:
            await hands.apply(*change)
        trouble.left = call
        with suppress(Crash, BridgeError):
            await hands.apply(*STEPS[step])
        was_cut, trouble.left = trouble.left is None, None
        hands = Hands(opened(shelf)[0], somebody())
        hands.touched |= {DOOR, OTHER_DOOR}
        await hands.apply(*STEPS[step])
        assert await hands.observe() == expected
        if not was_cut:
            return
    raise AssertionError("more calls than any change needs")


async def test_what_is_as_it_should_be_writes_nothing() -> None:
    shelf = MemoryShelf()
    hands = Hands(opened(shelf)[0], somebody())
    for change in STEPS:
        await hands.apply(*change)
        before = dict(shelf.texts)
        await hands.apply(*change)
        assert shelf.texts == before


async def test_a_code_is_anothers_even_while_it_opens_nothing() -> None:
    adapter, _ = opened(MemoryShelf())
    mira, ivo = Hands(adapter, somebody()), Hands(adapter, somebody("Ivo Lind", "t-2"))
    await mira.apply(Kind.GRANT, DOOR, CODE)
    await mira.apply(Kind.REVOKE, DOOR)
    with pytest.raises(Conflict) as caught:
        await ivo.apply(Kind.GRANT, DOOR, CODE)
    assert "048213" not in repr(caught.value)
    await mira.apply(Kind.REMOVE_PERSON)
    await ivo.apply(Kind.GRANT, DOOR, CODE)


async def test_of_two_who_ask_at_once_one_has_the_code() -> None:
    adapter, _ = opened(MemoryShelf())
    both = [Hands(adapter, somebody(tenant=f"t-{number}")) for number in range(8)]
    ends = await asyncio.gather(*(hands.apply(Kind.GRANT, DOOR, CODE) for hands in both), return_exceptions=True)
    assert [type(end) for end in ends].count(Conflict) == 7


@pytest.mark.parametrize(
    ("kind", "target", "code"),
    [
        (Kind.GRANT, DOOR, None),
        (Kind.GRANT, TargetId("a\r\nb"), CODE),
        (Kind.GRANT, TargetId(" B-014"), CODE),
        (Kind.GRANT, TargetId("x" * 300), CODE),
    ],
)
async def test_what_does_not_fit_a_feed_is_refused_and_changes_nothing(
    kind: Kind, target: TargetId | None, code: GateCode | None
) -> None:
    shelf = MemoryShelf()
    adapter, _ = opened(shelf)
    with pytest.raises(Rejected):
        await adapter.apply(Change(kind=kind, target=target, code=code), somebody(), None, Hands(adapter, somebody()))
    assert shelf.texts == {}


async def test_a_row_that_cannot_be_read_is_no_absence() -> None:
    shelf = MemoryShelf()
    adapter, feed = opened(shelf)
    hands = Hands(adapter, somebody())
    await hands.apply(Kind.GRANT, DOOR, CODE)
    (key,) = shelf.texts
    shelf.texts[key] = shelf.texts[key].replace('"active"', '"048213"')
    before = dict(shelf.texts)
    for call in (hands.observe(), hands.apply(Kind.REMOVE_PERSON), feed.page(None)):
        with pytest.raises(Anomaly) as caught:
            await call
        assert "048213" not in repr(caught.value)
    assert shelf.texts == before


async def test_fetched_is_said_of_each_door_by_itself() -> None:
    adapter, feed = opened(MemoryShelf(), confirm="fetched")
    hands = Hands(adapter, somebody())
    await hands.apply(Kind.GRANT, DOOR, CODE)
    old = await feed.page(None)
    unsettled = [(await hands.observe()).unsettled]
    await feed.note_fetched(old)
    unsettled.append((await hands.observe()).unsettled)
    await hands.apply(Kind.GRANT, OTHER_DOOR, CODE)
    await feed.note_fetched(old)
    unsettled.append((await hands.observe()).unsettled)
    await feed.note_fetched(await feed.page(None))
    await hands.apply(Kind.CHANGE_CODE, None, OTHER_CODE)
    unsettled.append((await hands.observe()).unsettled)
    assert unsettled == [{DOOR}, set(), {OTHER_DOOR}, {DOOR, OTHER_DOOR}]


async def test_a_number_never_comes_again_after_a_removal() -> None:
    adapter, feed = opened(MemoryShelf(), confirm="fetched")
    mira, ivo = Hands(adapter, somebody()), Hands(adapter, somebody("Ivo Lind", "t-2"))
    await mira.apply(Kind.GRANT, DOOR, CODE)
    await feed.note_fetched(await feed.page(None))
    await mira.apply(Kind.REMOVE_PERSON)
    await ivo.apply(Kind.GRANT, DOOR, OTHER_CODE)
    assert (await ivo.observe()).unsettled == {DOOR}


async def test_words_columns_and_suspended_rows_are_as_configured() -> None:
    options = {
        "columns": {"code": "PIN", "unit": "Door", "state": "access_status"},
        "allowed_word": "ACCESS_ALLOWED",
        "denied_word": "ACCESS_DENIED",
        "format": "csv",
    }
    shelf = MemoryShelf()
    adapter, feed = opened(shelf, **options)
    hands = Hands(adapter, somebody())
    await hands.apply(Kind.GRANT, DOOR, CODE)
    await hands.apply(Kind.GRANT, OTHER_DOOR, CODE)
    await hands.apply(Kind.SUSPEND, DOOR)
    page = await feed.page(None)
    assert page.body.decode() == (
        "PIN,Door,access_status\r\n048213,B-014,ACCESS_DENIED\r\n048213,B-021,ACCESS_ALLOWED\r\n"
    )
    _, shorter = opened(shelf, **options, suspended_rows="left_out")
    assert (await shorter.page(FeedFormat.CSV)).body.decode().split("\r\n")[1:] == ["048213,B-021,ACCESS_ALLOWED", ""]
    assert (await hands.observe()).entries == {DOOR: SUSPENDED, OTHER_DOOR: ACTIVE}


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"tokens": []}, "tokens"),
        ({"tokens": ["short"]}, "20 characters"),
        ({"tokens": [TOKEN, TOKEN]}, "twice"),
        ({"tokens": ["a token with blanks in it, long"]}, "header"),
        ({"code_length": 3}, "code_length"),
        ({"columns": {"unit": "unit"}}, "unit and code"),
        ({"columns": {"unit": "a", "code": "a", "state": "s"}}, "same heading"),
        ({"columns": {"unit": "u", "code": "c"}}, "nobody could be denied"),
        ({"columns": {"unit": "u", "code": "=c", "state": "s"}}, "columns"),
        ({"columns": {"unit": "u", "code": "c", "state": "s", "phone": "p"}}, "columns"),
        ({"allowed_word": "yes", "denied_word": "YES"}, "must differ"),
        ({"denied_word": ""}, "denied_word"),
        ({"confirm": "sometimes"}, "confirm"),
    ],
)
def test_options_that_could_lock_out_or_let_in_are_refused(options: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word) as caught:
        PullFeedOptions.model_validate({"tokens": [TOKEN], **options})
    assert TOKEN not in str(caught.value)


async def test_check_says_what_is_in_the_feed_and_does_without_a_store() -> None:
    shelf = MemoryShelf()
    adapter, feed = opened(shelf)
    (empty,) = await adapter.check()
    await Hands(adapter, somebody()).apply(Kind.GRANT, DOOR, CODE)
    (before,) = await adapter.check()
    await feed.note_fetched(await feed.page(None))
    (after,) = await adapter.check()

    def gone() -> None:
        raise StoreUnavailable("the store is not open here")

    (alone,) = await opened(MemoryShelf(gone))[0].check()
    (key, *_) = shelf.texts
    shelf.texts[key] = "{}"
    (broken,) = await adapter.check()
    assert [one.verdict for one in (empty, before, after, alone)] == [Verdict.OK] * 4
    assert ("nothing was ever put" in empty.text, "knows" in empty.text) == (True, False)
    assert (broken.verdict, bool(broken.advice)) == (Verdict.FAILED, True)
    assert "1 people and 1 rows" in before.text
    assert ("yet to fetch" in before.text, "yet to fetch" in after.text) == (True, False)
    assert "048213" not in f"{before}{after}{broken}"


async def test_a_feed_lists_no_doors() -> None:
    with pytest.raises(Unsupported):
        await opened(MemoryShelf())[0].targets()
