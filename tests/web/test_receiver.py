"""What the receiver answers, and what it keeps. Numbers in comments are cases of the fault list."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from bridge.domain.errors import RefusalCause, Refused
from bridge.domain.ids import ConnectionName
from bridge.ports.source import Envelope
from bridge.service.alerts import Alerts
from bridge.service.receive import Entrance, Receiver
from bridge.telemetry import Metrics
from tests.web.conftest import CAP, OLD_SECRET, World, event, sign

pytestmark = pytest.mark.anyio

VECTOR = (
    b'{"id":"665f0c1e8a7b2d0015aa1001","type":"unitRental.updated","data":{"unitRentalId":"665f0c1e8a7b2d0015aa2001",'
    b'"changedKeys":["customFields.gate_pin"]},"apiUrl":"https://lakesidebox.storeganise.com/api",'
    b'"addonId":"665f0c1e8a7b2d0015aa9001"}'
)
VECTOR_SIGNATURE = "xaaxKMbUFeCbvamSN6fHHijV9qrj48UX5s0MyJH+R5o="


async def test_the_references_vector_is_accepted_and_stored_once(world: World) -> None:  # S01
    answer = await world.post(VECTOR, signature=VECTOR_SIGNATURE)
    assert (answer.status_code, answer.json()) == (200, {"message": "accepted"})
    (row,) = await world.stored()
    assert (row["event_id"], row["event_type"], row["state"]) == (
        "665f0c1e8a7b2d0015aa1001",
        "unitRental.updated",
        "new",
    )
    assert world.nudges == [None]


async def test_the_same_event_again_is_a_duplicate_at_any_age(world: World) -> None:  # S13, D04
    await world.post(event())
    world.clock.advance(days=8)
    again = await world.post(event())
    assert (again.status_code, again.json()) == (200, {"message": "duplicate"})
    assert len(await world.stored()) == 1
    assert world.nudges == [None]


async def test_a_hundred_parallel_copies_are_one_row_and_a_hundred_answers(world: World) -> None:  # D01
    answers = await asyncio.gather(*(world.post(event()) for _ in range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["message"] for answer in answers) == ["accepted"] + ["duplicate"] * 99
    assert len(await world.stored()) == 1


@pytest.mark.parametrize(
    "signature",
    [
        None,  # S02
        " ",
        "junk",
        sign(b"another body"),  # S06
        hashlib.sha256(b"x").hexdigest(),  # S07
        "sha256=" + sign(event()),  # S08
        sign(event()).lower(),
        sign(event(), "another secret"),
        "A" * 65_536,  # S11
        ",".join(["bm9wZQ=="] * 10_000),
    ],
)
async def test_what_does_not_prove_its_sender_is_refused_and_not_kept(world: World, signature: str | None) -> None:
    answer = await world.post(event(), signature=signature)
    assert (answer.status_code, answer.json()) == (401, {"message": "unauthorized"})
    assert await world.stored() == []


@pytest.mark.parametrize("change", [b" ", b"\n"])
async def test_a_body_changed_by_one_byte_is_refused(world: World, change: bytes) -> None:  # S06
    assert (await world.post(event() + change, signature=sign(event()))).status_code == 401


@pytest.mark.parametrize("before", ["junk, ", ",,  ,", "bm9wZQ==,", "%%%,", "\u00e9\u00e9,"])
async def test_one_good_signature_among_bad_ones_is_enough(world: World, before: str) -> None:  # S09, S10
    header = (before + sign(event())).encode("latin-1")
    answer = await world.client.post("/webhooks/lakeside", content=event(), headers={b"sg-signature": header})
    assert answer.status_code == 200


async def test_both_secrets_count_while_one_is_rotated(world: World) -> None:  # S15
    assert (await world.post(event(), signature=sign(event(), OLD_SECRET))).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "riverside",
        "LAKESIDE",
        "lakeside/",
        "lakeside//x",
        "lakeside%2f..",
        "..%2flakeside",
        "lak%00",
        "l\u00e4k",
        "x" * 3000,
    ],
)
async def test_an_unknown_connection_answers_like_a_wrong_signature(world: World, name: str) -> None:  # T17
    known = await world.post(event(), signature="junk")
    for signature in ("", "junk", None):
        unknown = await world.post(event(), signature=signature, connection=name)
        assert (unknown.status_code, unknown.content) == (known.status_code, known.content)
        assert unknown.headers.items() == known.headers.items()


async def test_a_known_id_without_a_signature_reveals_nothing(world: World) -> None:  # S25
    await world.post(event())
    seen, unseen = await world.post(event(), signature=None), await world.post(event(2), signature=None)
    assert (seen.status_code, seen.content) == (unseen.status_code, unseen.content)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 2000,  # T06
        b'{"id": ' + b"9" * 3000 + b"}",
        b'{"id":"a","type":"t","data":{"x":NaN}}',
        b'{"id":"a","type":"t","data":{"x":Infinity}}',
        b'{"id":"a\\ud800","type":"t","data":{}}',
        b"\xef\xbb\xbf" + event(),
        event().decode().encode("utf-16"),
        b"\xff\xfe\x00",
        b"[]",  # T07
        b'"text"',
        b"7",
        b"null",
        b'{"type":"unitRental.updated","data":{}}',
        b'{"id":7,"type":"unitRental.updated","data":{}}',
        json.dumps({"id": "a\nb", "type": "t", "data": {}}).encode(),  # S14
        json.dumps({"id": "a\x00b", "type": "t", "data": {}}).encode(),
        json.dumps({"id": "\u202eabc", "type": "t", "data": {}}).encode(),
        json.dumps({"id": "x" * 129, "type": "t", "data": {}}).encode(),
        json.dumps({"id": "", "type": "t", "data": {}}).encode(),
        b"<event><id>1</id></event>",  # T11
        b"\x1f\x8b\x08\x00" + b"\x00" * 64,  # T03
    ],
)
async def test_an_authentic_body_that_cannot_be_used_is_kept_and_answered_200(world: World, body: bytes) -> None:
    answer = await world.post(body)
    assert (answer.status_code, answer.json()) == (200, {"message": "quarantined"})
    (row,) = await world.stored()
    assert (row["state"], row["event_id"]) == ("quarantined", hashlib.sha256(body).hexdigest())
    again = await world.post(body)
    assert again.json() == {"message": "duplicate"}


async def test_an_id_of_128_characters_is_an_id(world: World) -> None:
    body = json.dumps({"id": "x" * 128, "type": "unitRental.updated", "data": {}}).encode()
    assert (await world.post(body)).json() == {"message": "accepted"}


async def test_a_test_delivery_is_kept_as_one_and_causes_no_work(world: World) -> None:  # Q12
    assert (await world.post(event(type="webhook.test"))).json() == {"message": "test"}
    assert [row["state"] for row in await world.stored()] == ["test"]
    assert await world.store.claim_deliveries(10) == []


async def test_an_unknown_type_is_accepted_for_later(world: World) -> None:  # Q11
    assert (await world.post(event(type="item.low_stock"))).json() == {"message": "accepted"}


async def test_a_declared_length_over_the_cap_is_refused_before_reading(world: World) -> None:  # T01
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(10):
            read += 1
            yield b"x" * CAP

    request = world.client.build_request(
        "POST", "/webhooks/lakeside", content=body(), headers={"Content-Length": str(CAP * 10)}
    )
    answer = await world.client.send(request)
    assert (answer.status_code, answer.json()) == (413, {"message": "too large"})
    assert await world.stored() == []


async def test_a_chunked_body_over_the_cap_is_refused_at_the_cap(world: World) -> None:  # T02
    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1024

    answer = await world.client.post("/webhooks/lakeside", content=body())
    assert answer.status_code == 413


async def test_a_body_of_exactly_the_cap_is_read(world: World) -> None:
    body = event()[:-1] + b" " * (CAP - len(event())) + b"}"
    assert len(body) == CAP
    assert (await world.post(body)).status_code == 200
    assert (await world.post(body + b" ")).status_code == 413


@pytest.mark.parametrize("declared", ["-1", "abc", "9" * 30, "1e9"])
async def test_a_senseless_length_is_no_reason_to_fall_over(world: World, declared: str) -> None:
    headers = {"Content-Length": declared, "sg-signature": sign(event())}
    request = world.client.build_request("POST", "/webhooks/lakeside", content=event(), headers=headers)
    assert (await world.client.send(request)).status_code in {200, 413}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_only_post_delivers(world: World, method: str) -> None:  # T14
    answer = await world.client.request(method, "/webhooks/lakeside")
    assert answer.status_code == 405
    assert await world.stored() == []


async def test_a_post_is_never_redirected(world: World) -> None:  # T15
    for path in ("/webhooks/lakeside/", "/webhooks", "/webhooks/", "//webhooks/lakeside"):
        answer = await world.client.post(path, content=event(), headers={"sg-signature": sign(event())})
        assert not answer.is_redirect


async def test_when_nothing_can_be_stored_the_sender_is_told_to_come_back(world: World) -> None:  # C03
    await world.store.close()
    answer = await world.post(event())
    assert (answer.status_code, answer.json()) == (503, {"message": "cannot be stored now"})
    assert int(answer.headers["Retry-After"]) > 0
    assert (await world.client.get("/readyz")).status_code == 503
    assert (await world.client.get("/livez")).status_code == 200


async def test_health(world: World) -> None:
    assert (await world.client.get("/livez")).json() == {"message": "alive"}
    assert (await world.client.get("/readyz")).json() == {"message": "ready"}


async def test_a_burst_of_wrong_signatures_is_one_alert_that_names_the_cause(world: World) -> None:  # S16, S23
    for number in range(50):
        await world.post(event(number), signature=sign(event(number), "regenerated"))
    alerts: list[dict[str, Any]] = []
    for _ in range(500):  # it is recorded beside the answer
        alerts = alerts or (await world.operator.get("/api/v1/alerts")).json()["alerts"]
        await asyncio.sleep(0.001)
    (alert,) = alerts
    assert alert["what"] == "signatures_refused"
    assert alert["details"]["connection"] == "lakeside"
    assert alert["details"]["cause"] == "wrong_signature"


async def test_metrics_count_what_was_answered(world: World) -> None:
    await world.post(event())
    await world.post(event())
    await world.post(b"junk")
    await world.post(event(), signature="junk")
    text = (await world.operator.get("/metrics")).text
    for result in ("accepted", "duplicate", "quarantined", "refused"):
        assert f'gatebridge_deliveries_total{{connection="lakeside",result="{result}"}} 1.0' in text
    assert "gatebridge_ack_seconds_count 3.0" in text


async def test_metrics_are_for_this_host_only(world: World) -> None:
    assert (await world.client.get("/metrics")).status_code == 200
    assert (await world.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})).status_code == 404
    public = httpx.ASGITransport(world.client._transport.app, client=("203.0.113.9", 4711))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=public, base_url="http://bridge") as stranger:
        assert (await stranger.get("/metrics")).status_code == 404


class CountingVerifier:
    """A verifier that refuses everything and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        del headers, body
        self.asked += 1
        raise Refused(RefusalCause.WRONG_SIGNATURE)

    def read_envelope(self, body: bytes) -> Envelope:
        raise AssertionError(f"an unproved body of {len(body)} bytes was read")


async def test_an_unknown_connection_costs_as_much_as_a_wrong_signature(world: World) -> None:  # S24
    verifier, metrics = CountingVerifier(), Metrics()
    receiver = Receiver(
        entrances={ConnectionName("lakeside"): Entrance(verifier=verifier)},
        inbox=world.store,
        alert_sink=world.store,
        alerts=Alerts(metrics),
        clock=world.clock,
        metrics=metrics,
    )
    for name in ("lakeside", "riverside"):
        with pytest.raises(Refused):
            await receiver.receive(name, {}, b"{}")
    assert verifier.asked == 2


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"a[]=1&" * 600),
        ("application/x-www-form-urlencoded", b"id=1&id=2"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n1\r\n--x--',
        ),
        ("multipart/form-data; boundary=" + "x" * 5000, b"--x"),
    ],
)
async def test_a_form_is_no_json_whatever_its_fields(world: World, kind: str, body: bytes) -> None:  # T12, T13
    answer = await world.post(body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (200, {"message": "quarantined"})
