import httpx
import pytest

from bridge.domain.credential import Secret
from bridge.domain.errors import Anomaly, RateLimited, Rejected, Unauthorized
from bridge.outbound.client import make_client
from bridge.sources.storeganise.client import MAX_PAGES, StoreganiseApi
from bridge.sources.storeganise.wire import RentalRow
from tests.sources.storeganise.platform_wire import ROOT, SITE, TENANT, PlatformWire, fixture

pytestmark = pytest.mark.anyio

KEY = Secret("ApiKey k")
LIST = "unit-rentals"


def rentals(count: int) -> list[dict[str, object]]:
    return [fixture("rental_occupied", id=f"r{number}") for number in range(count)]


async def listed(wire: PlatformWire) -> list[RentalRow]:
    async with make_client(httpx.URL(ROOT), transport=wire.transport()) as client:
        return await StoreganiseApi(client).rentals_of(TENANT, SITE, KEY)


@pytest.mark.parametrize(
    ("count", "calls"), [(0, 1), (1, 1), (10, 1), (19, 1), (20, 2), (49, 2), (50, 2), (51, 2), (100, 3), (123, 3)]
)
async def test_every_row_is_read_however_many_pages_there_are(wire: PlatformWire, count: int, calls: int) -> None:
    wire.listing(LIST, rentals(count))
    assert [row.id for row in await listed(wire)] == [f"r{number}" for number in range(count)]
    assert len(wire.calls) == calls


@pytest.mark.parametrize("cap", [20, 23, 25, 49, 50, 100])
@pytest.mark.parametrize("count", [0, 1, 19, 20, 24, 25, 33, 50, 60, 75, 100, 101, 250])
async def test_a_server_with_a_limit_of_its_own_loses_no_row(wire: PlatformWire, cap: int, count: int) -> None:
    rows = rentals(count)

    def capped(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["offset"])
        return httpx.Response(200, json=rows[start : start + cap])

    wire.answer_with(LIST, capped)
    assert [row.id for row in await listed(wire)] == [f"r{number}" for number in range(count)]
    if count < 20:
        assert len(wire.calls) == 1


@pytest.mark.parametrize(("count", "calls"), [(19, 1), (20, 2), (49, 2), (50, 2), (60, 2), (250, 2)])
async def test_a_server_that_ignores_limit_and_offset_is_believed_once(
    wire: PlatformWire, count: int, calls: int
) -> None:
    wire.answer(LIST, rentals(count))
    assert [row.id for row in await listed(wire)] == [f"r{number}" for number in range(count)]
    assert len(wire.calls) == calls


async def test_a_row_that_moved_to_the_next_page_is_told_once(wire: PlatformWire) -> None:
    rows = rentals(60)

    def shifted(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["offset"])
        return httpx.Response(200, json=rows[max(0, start - 1) : start - 1 + 50] if start else rows[:50])

    wire.answer_with(LIST, shifted)
    assert len({row.id for row in await listed(wire)}) == len(await listed(wire)) == 60


async def test_a_list_without_an_end_is_an_anomaly(wire: PlatformWire) -> None:
    def fresh(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["offset"])
        return httpx.Response(200, json=[{"id": f"r{start + number}"} for number in range(50)])

    wire.answer_with(LIST, fresh)
    with pytest.raises(Anomaly, match="no end"):
        await listed(wire)
    assert len(wire.calls) == MAX_PAGES


@pytest.mark.parametrize("name", ["data", "items"])
async def test_a_wrapped_list_is_a_list(wire: PlatformWire, name: str) -> None:
    wire.answer(LIST, {name: rentals(3)})
    assert len(await listed(wire)) == 3


@pytest.mark.parametrize("row", [None, 7, "r1", [], {}, {"id": None}, {"id": 7}])
async def test_a_row_without_an_id_is_an_anomaly(wire: PlatformWire, row: object) -> None:
    wire.answer(LIST, [row])
    with pytest.raises(Anomaly):
        await listed(wire)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_stops_the_account(wire: PlatformWire, status: int) -> None:
    wire.answer(LIST, {"error": {"type": "unauthorized", "message": "no"}}, status=status)
    with pytest.raises(Unauthorized):
        await listed(wire)


async def test_too_many_calls_wait_as_long_as_the_platform_asks(wire: PlatformWire) -> None:
    wire.answer_with(LIST, lambda _: httpx.Response(429, headers={"Retry-After": "7"}))
    with pytest.raises(RateLimited) as caught:
        await listed(wire)
    assert caught.value.retry_after == 7


async def test_a_refused_question_says_what_the_platform_says(wire: PlatformWire) -> None:
    wire.answer(LIST, {"error": {"type": "bad_query", "message": "unknown filter"}}, status=400)
    with pytest.raises(Rejected, match="bad_query: unknown filter"):
        await listed(wire)


@pytest.mark.parametrize("kind", ["rental", "unit", "owner", "job", "addon", "site"])
@pytest.mark.parametrize("row_id", ["", ".", "../x", "a/b", "a?b", "a%2Fb", "a b", "\u00e4", "a\n", "x" * 65])
async def test_an_unsafe_id_never_enters_a_path(wire: PlatformWire, kind: str, row_id: str) -> None:
    async with make_client(httpx.URL(ROOT), transport=wire.transport()) as client:
        with pytest.raises(Anomaly):
            await getattr(StoreganiseApi(client), kind)(row_id, KEY)
    assert wire.asked == []


@pytest.mark.parametrize("kind", ["rental", "unit", "owner", "job", "addon", "site", "settings"])
async def test_what_is_not_found_is_none(wire: PlatformWire, kind: str) -> None:
    async with make_client(httpx.URL(ROOT), transport=wire.transport()) as client:
        api = StoreganiseApi(client)
        found = await (api.settings(KEY) if kind == "settings" else getattr(api, kind)("x1", KEY))
    assert found is None
    assert wire.asked[0].headers["authorization"] == "ApiKey k"
    assert str(wire.asked[0].url).startswith(f"{ROOT}v1/admin/")


@pytest.mark.parametrize("body", [None, [], "text", 7])
async def test_an_answer_that_is_no_object_is_an_anomaly(wire: PlatformWire, body: object) -> None:
    wire.answer("jobs/x1", body)
    async with make_client(httpx.URL(ROOT), transport=wire.transport()) as client:
        with pytest.raises(Anomaly, match="no object"):
            await StoreganiseApi(client).job("x1", KEY)
