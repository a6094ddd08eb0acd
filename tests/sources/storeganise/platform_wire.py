"""The platform's side of the wire: canned answers by method and path, and a list of what was asked."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bridge.domain.deliveries import ClaimedDelivery
from bridge.domain.ids import ConnectionName, DeliveryId, RentalId, SiteId, SubjectKey, TenantId
from bridge.outbound.client import make_client
from bridge.ports.source import SourceContext, SourceSite
from bridge.sources.storeganise import SOURCE
from bridge.sources.storeganise.source import StoreganiseSource

ROOT = "https://lakesidebox.storeganise.com/api/"
ADMIN = "/api/v1/admin/"
CONNECTION = ConnectionName("lakeside")
SITE = SiteId("66f1a0c2b7d4e90015c0e001")
OTHER_SITE = SiteId("66f1a0c2b7d4e90015c0e002")
TENANT = TenantId("66f1a0c2b7d4e90015c01777")
RENTAL = RentalId("66f1a0c2b7d4e90015c0b210")
ENDED = RentalId("66f1a0c2b7d4e90015c0b377")
ADDON = "66f1a0c2b7d4e90015c0f900"
SUBJECT = SubjectKey(connection=CONNECTION, site=SITE, tenant=TENANT)
API_KEY = "sgk-4711-api"
ADDON_KEY = "sgk-4712-addon"
OPTIONS: Mapping[str, Any] = {"base_url": ROOT, "api_key": API_KEY, "webhook_secrets": ["whs_test_secret"]}
RECEIVED = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
FIXTURES = Path(__file__).parent / "fixtures"

Answerer = Callable[[httpx.Request], httpx.Response]


def fixture(name: str, /, **changes: Any) -> dict[str, Any]:
    """Return a recorded answer with some top-level fields changed."""
    return {**json.loads((FIXTURES / f"{name}.json").read_text()), **changes}


def raw(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


class PlatformWire:
    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self._answers: dict[tuple[str, str], Answerer] = {}

    def answer(self, path: str, body: Any = None, *, status: int = 200, method: str = "GET") -> None:
        """Answer `path`, below the admin root, with a JSON body from now on."""
        self.answer_with(path, lambda _: httpx.Response(status, json=body), method=method)

    def answer_with(self, path: str, answerer: Answerer, *, method: str = "GET") -> None:
        self._answers[method, ADMIN + path] = answerer

    def listing(self, path: str, rows: Sequence[Any]) -> None:
        """Answer a list as the platform does: `limit` and `offset` honoured."""

        def page(request: httpx.Request) -> httpx.Response:
            start, limit = int(request.url.params.get("offset", 0)), int(request.url.params["limit"])
            return httpx.Response(200, json=rows[start : start + limit])

        self.answer_with(path, page)

    @property
    def calls(self) -> list[str]:
        """Return what was asked, as `GET jobs/123`, in order."""
        return [f"{request.method} {request.url.path.removeprefix(ADMIN)}" for request in self.asked]

    @property
    def keys(self) -> set[str]:
        return {request.headers["authorization"] for request in self.asked}

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._respond)

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answerer = self._answers.get((request.method, request.url.path))
        return httpx.Response(404, json=fixture("error_not_found")) if answerer is None else answerer(request)


def site(site_id: SiteId = SITE, *, addon_id: str | None = None, prefix: str = "gate") -> SourceSite:
    return SourceSite(id=site_id, field_prefix=prefix, zone=ZoneInfo("Europe/London"), addon_id=addon_id)


def open_source(wire: PlatformWire, sites: Sequence[SourceSite] = (site(),), **options: Any) -> StoreganiseSource:
    """Open the source through its declared value, on a real client whose wire is `wire`."""
    given = {name: value for name, value in {**OPTIONS, **options}.items() if value is not None}
    source = SOURCE.open(
        SOURCE.options.model_validate(given),
        SourceContext(
            connection=CONNECTION,
            sites=sites,
            client_for=lambda url: make_client(httpx.URL(url), transport=wire.transport()),
        ),
    )
    assert isinstance(source, StoreganiseSource)
    return source


def delivery(event_type: str, data: Any = None, **top: Any) -> ClaimedDelivery:
    """Return a claimed delivery of an event, as the receiver stores it."""
    body = {"id": "66f1a0c2b7d4e90015c0a001", "type": event_type, "data": {} if data is None else data, **top}
    return claimed(event_type, json.dumps(body).encode())


def claimed(event_type: str, body: bytes) -> ClaimedDelivery:
    return ClaimedDelivery(
        id=DeliveryId(1),
        connection=CONNECTION,
        event_id="66f1a0c2b7d4e90015c0a001",
        event_type=event_type,
        received_at=RECEIVED,
        body=body,
        attempts=0,
        fence=1,
    )
