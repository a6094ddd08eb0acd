"""What a controller is answered that polls a feed: the whole list, or word that there is none now, never a part."""

import base64
import csv
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from adapters.pull_feed import ADAPTER
from bridge.domain.changes import Change, Kind
from bridge.domain.credential import GateCode
from bridge.domain.deliveries import Sighting
from bridge.domain.ids import ConnectionName, RentalId, SiteId, SiteKey, SubjectKey, TargetId, TenantId
from bridge.domain.tenancy import Tenant
from bridge.ports.adapter import AdapterContext, Person, person_key
from bridge.ports.feed import FeedFormat
from bridge.ports.store import Priority
from bridge.service.alerts import Alerts
from bridge.service.feeds import Feeds
from bridge.service.receive import Receiver
from bridge.telemetry import Metrics
from bridge.testing.hands import Hands
from bridge.testing.memory_store import MemoryStore
from bridge.web import receiver_app
from bridge.web.feed import accepted, token_of
from tests.web.conftest import MovableClock

pytestmark = pytest.mark.anyio
LAKESIDE, SITE, OTHER = ConnectionName("lakeside"), SiteId("site1"), SiteId("site2")
TOKEN, NEXT_TOKEN, OTHER_TOKEN = "first-token-of-a-controller", "second:token-of-a-controller", "token-of-another-site"
URL = "/feeds/lakeside/site1"


@dataclass(kw_only=True)
class Post:
    """A bridge with two feeds, and a controller's way to it."""

    client: httpx.AsyncClient
    store: MemoryStore
    clock: MovableClock
    feeds: Feeds
    listed: set[SiteKey]

    async def put(self, unit: str, code: str, name: str = "Mira Okafor", site: SiteId = SITE) -> Hands:
        subject = SubjectKey(connection=LAKESIDE, site=site, tenant=TenantId(name))
        person = Person(key=person_key(subject), subject=subject, tenant=Tenant(name=name))
        adapter = ADAPTER.open(_options(), _context(self.store, site))
        hands = Hands(adapter, person)
        await adapter.apply(Change(kind=Kind.GRANT, target=TargetId(unit), code=GateCode(code)), person, None, hands)
        return hands

    async def get(self, url: str = URL, *, token: str | None = TOKEN, method: str = "GET", **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return await self.client.request(method, url, headers={**sent, **headers})


def _options(**given: Any) -> Any:
    return ADAPTER.options.model_validate({"tokens": [TOKEN, NEXT_TOKEN], **given})


def _context(store: MemoryStore, site: SiteId) -> AdapterContext:
    def no_client(url: str) -> httpx.AsyncClient:
        raise AssertionError(url)

    return AdapterContext(site=site, client_for=no_client, shelf=store.shelf((LAKESIDE, site)))


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    clock, metrics = MovableClock(), Metrics()
    store = MemoryStore(clock)
    assert ADAPTER.feed is not None
    other = ADAPTER.options.model_validate({"tokens": [OTHER_TOKEN]})
    listed = {(LAKESIDE, SITE), (LAKESIDE, OTHER)}
    feeds = Feeds(
        feeds={
            (LAKESIDE, SITE): ADAPTER.feed(_options(), _context(store, SITE)),
            (LAKESIDE, OTHER): ADAPTER.feed(other, _context(store, OTHER)),
        },
        watch=store,
        has_listed=lambda site: site in listed,
    )
    receiver = Receiver(
        entrances={}, inbox=store, alert_sink=store, alerts=Alerts(metrics), clock=clock, metrics=metrics
    )

    async def text() -> bytes:
        return b""

    app = receiver_app(receiver, max_body_bytes=4096, metrics=text, feeds=feeds)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bridge") as client:
        yield Post(client=client, store=store, clock=clock, feeds=feeds, listed=listed)


async def test_the_list_is_served_whole_and_sorted(post: Post) -> None:
    await post.put("B-021", "590274", "Ivo Lind")
    await post.put("B-014", "048213")
    answer = await post.get()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "private, no-cache"
    told = answer.json()
    assert (told["site"], told["rows"]) == (
        "site1",
        [
            {"unit": "B-014", "code": "048213", "state": "allowed", "person": "Mira Okafor"},
            {"unit": "B-021", "code": "590274", "state": "allowed", "person": "Ivo Lind"},
        ],
    )


async def test_csv_is_as_the_standard_has_it_and_no_formula(post: Post) -> None:
    await post.put("B-014", "048213", '=HYPERLINK("http://x"), "Ltd"')
    await post.put("B-021", "590274", "@Zoë Ångström")
    await post.put("+1+2", "713964", "Ivo Lind")
    await post.put("-1.04", "713965", "Ana Lopez")
    answer = await post.get(f"{URL}?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    lines = answer.content.decode("utf-8").split("\r\n")
    assert (lines[0], lines[-1], "\n" in "".join(lines)) == ("unit,code,state,person", "", False)
    assert list(csv.reader(io.StringIO(answer.text, newline="")))[1:] == [
        ["'+1+2", "713964", "allowed", "Ivo Lind"],
        ["-1.04", "713965", "allowed", "Ana Lopez"],
        ["B-014", "048213", "allowed", '\'=HYPERLINK("http://x"), "Ltd"'],
        ["B-021", "590274", "allowed", "'@Zoë Ångström"],
    ]


@pytest.mark.parametrize(
    ("accept", "query", "kind"),
    [
        ("", "", "application/json"),
        ("*/*", "", "application/json"),
        ("text/csv", "", "text/csv"),
        ("text/csv;q=0.4, application/json;q=0.9", "", "application/json"),
        ("application/json;q=0.1,TEXT/CSV", "", "text/csv"),
        ("text/csv", "?format=json", "application/json"),
        ("text/html, image/png", "", "application/json"),
    ],
)
async def test_the_format_is_the_one_that_is_asked_for(post: Post, accept: str, query: str, kind: str) -> None:
    await post.put("B-014", "048213")
    answer = await post.get(f"{URL}{query}", Accept=accept)
    assert answer.headers["content-type"].startswith(kind)


async def test_another_format_is_a_mistake_that_is_told(post: Post) -> None:
    answer = await post.get(f"{URL}?format=xml")
    assert (answer.status_code, answer.json()["message"]) == (400, "format must be one of json, csv")


@pytest.mark.parametrize("form", FeedFormat)
async def test_what_is_known_already_is_not_sent_again(post: Post, form: FeedFormat) -> None:
    await post.put("B-014", "048213")
    first = await post.get(f"{URL}?format={form}")
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for named in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await post.get(f"{URL}?format={form}", **{"If-None-Match": named})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    await post.put("B-021", "048213")
    changed = await post.get(f"{URL}?format={form}", **{"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)


async def test_the_two_formats_have_tags_of_their_own(post: Post) -> None:
    await post.put("B-014", "048213")
    tags = {(await post.get(f"{URL}?format={form}")).headers["etag"] for form in FeedFormat}
    assert len(tags) == 2


async def test_the_tag_tells_no_code_to_who_tries_all(post: Post) -> None:
    """A hash without a key would: a list of one row has as many forms as there are codes."""
    await post.put("B-014", "048213")
    answer = await post.get()
    tag = answer.headers["etag"].strip('"').removesuffix("-json")
    hashes = {hashlib.new(name, answer.content).hexdigest() for name in ("md5", "sha1", "sha256", "sha512")}
    assert not [value for value in hashes if tag in value]
    assert answer.json()["version"] == tag


async def test_a_look_at_the_headers_is_the_same_without_the_list(post: Post) -> None:
    await post.put("B-014", "048213")
    whole, head = await post.get(), await post.get(method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-length", "content-type", "cache-control", "vary"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("token", [TOKEN, NEXT_TOKEN])
@pytest.mark.parametrize("user", ["", "controller", "ürsula"])
async def test_simple_controllers_speak_basic(post: Post, user: str, token: str) -> None:
    await post.put("B-014", "048213")
    sent = base64.b64encode(f"{user}:{token}".encode()).decode()
    assert (await post.get(token=None, Authorization=f"basic {sent}")).status_code == 200


WRONG = {
    "none": "",
    "blank": "Bearer ",
    "another": "Bearer another-token-of-a-controller",
    "another site's": f"Bearer {OTHER_TOKEN}",
    "part of one": f"Bearer {TOKEN[:-1]}",
    "one in the wrong scheme": f"Digest {TOKEN}",
    "one as the user": "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode(),
    "no base64": "Basic ***",
    "no text": "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    "huge": "Bearer " + "x" * 20_000,
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_token_an_unknown_site_and_a_site_without_feed_are_one_answer(post: Post, what: str) -> None:
    await post.put("B-014", "048213")
    places = (
        URL,
        f"{URL}/",
        "/feeds/lakeside/site9",
        "/feeds/hillside/site1",
        "/feeds/lakeside/..%2fsite1",
        f"{URL}?x",
    )
    answers = [await post.get(place, token=None, Authorization=WRONG[what]) for place in places]
    answers += [await post.get(place) for place in places[1:5]]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Basic realm="gatebridge", charset="UTF-8"'}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_written_there(post: Post, method: str) -> None:
    assert (await post.get(method=method)).status_code == 405


async def test_a_token_in_the_address_is_none(post: Post) -> None:
    await post.put("B-014", "048213")
    assert (await post.get(f"{URL}?token={TOKEN}", token=None)).status_code == 401


async def test_a_store_that_does_not_answer_is_no_empty_list(post: Post) -> None:
    await post.put("B-014", "048213")
    assert (await post.get()).status_code == 200
    post.store.failing = "the disk is gone"
    answer = await post.get()
    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    assert int(answer.headers["retry-after"]) > 0
    assert "rows" not in answer.text
    post.store.failing = None
    assert (await post.get()).status_code == 200


@pytest.mark.parametrize("text", ['{"code": "048213"}', "{}", '{"code": 48213, "name": "x", "doors": {}}'])
async def test_a_row_that_cannot_be_read_is_no_shorter_list(post: Post, text: str) -> None:
    await post.put("B-014", "048213")
    post.store.shelf((LAKESIDE, SITE)).texts["person/lakeside:site1:t-9"] = text
    answer = await post.get()
    assert (answer.status_code, "048213" in answer.text) == (503, False)


async def test_a_feed_that_nothing_was_put_into_is_not_ready_instead_of_empty(post: Post) -> None:
    answer = await post.get()
    assert (answer.status_code, answer.json()["message"]) == (
        503,
        "not ready: nothing has been put into this feed yet",
    )


async def test_a_feed_is_empty_when_everybody_has_gone(post: Post) -> None:
    hands = await post.put("B-014", "048213")
    await hands.apply(Kind.REMOVE_PERSON)
    answer = await post.get()
    assert (answer.status_code, answer.json()["rows"]) == (200, [])
    assert (await post.get(f"{URL}?format=csv")).text == "unit,code,state,person\r\n"


async def test_a_feed_waits_after_a_start_and_while_somebody_has_yet_to_be_looked_at(post: Post) -> None:
    await post.put("B-014", "048213")
    post.listed.clear()
    statuses = [(await post.get()).status_code]
    post.listed.add((LAKESIDE, OTHER))
    statuses.append((await post.get()).status_code)
    post.listed.add((LAKESIDE, SITE))
    subject = SubjectKey(connection=LAKESIDE, site=SITE, tenant=TenantId("t-9"))
    await post.store.mark_new([Sighting(subject=subject, rental=RentalId("r-9"))], priority=Priority.SWEEP)
    statuses.append((await post.get()).status_code)
    (claim,) = await post.store.claim_subjects(1)
    statuses.append((await post.get()).status_code)
    del claim
    post.clock.advance(days=1)
    assert statuses == [503, 503, 503, 503]


async def test_a_feed_that_is_open_stays_so_while_events_come(post: Post) -> None:
    await post.put("B-014", "048213")
    assert (await post.get()).status_code == 200
    subject = SubjectKey(connection=LAKESIDE, site=SITE, tenant=TenantId("t-9"))
    await post.store.mark_new([Sighting(subject=subject, rental=RentalId("r-9"))], priority=Priority.LIVE)
    assert (await post.get()).status_code == 200


async def test_another_sites_work_keeps_nobody_waiting(post: Post) -> None:
    await post.put("B-014", "048213")
    subject = SubjectKey(connection=LAKESIDE, site=OTHER, tenant=TenantId("t-9"))
    await post.store.mark_new([Sighting(subject=subject, rental=RentalId("r-9"))], priority=Priority.LIVE)
    assert (await post.get()).status_code == 200


@pytest.mark.parametrize("accept", ["", "text/csv;q=0", ";;,,;q=", "text/csv;q=x;q=0.1", "q=1", "text/csv;q=nan"])
def test_any_accept_header_is_read(accept: str) -> None:
    assert accepted(accept) in {None, FeedFormat.CSV}


@pytest.mark.parametrize("header", ["", " ", "Basic", "Bearer", "Basic :", "Bearer  x  ", "\x00", "Basic Og=="])
def test_any_authorization_is_read(header: str) -> None:
    assert len(token_of(header).reveal()) <= 1
