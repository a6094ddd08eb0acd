"""A load from one process: pre-signed requests over kept-alive connections, each sent when the last is answered."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import cast

SECRET = "bench-secret-of-the-webhook"
CONNECTION = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of a load; times in milliseconds."""

    rps: float
    p50: float
    p99: float
    max: float
    statuses: dict[int, int]


class _Connection(asyncio.Protocol):
    """Speaks just enough HTTP/1.1 to read a short answer with a Content-Length."""

    def __init__(
        self, requests: Iterator[bytes], done: asyncio.Future[None], times: list[float], statuses: dict[int, int]
    ) -> None:
        self._requests = requests
        self._done = done
        self._times = times
        self._statuses = statuses
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._sent = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        if len(body) < length:
            return
        self._buffer = b""
        self._times.append(perf_counter() - self._sent)
        status = int(head[9:12])
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self._done.done():
            self._done.set_result(None)


def signed_request(connection: str, body: bytes) -> bytes:
    """Return the bytes of one delivery as Storeganise would send it."""
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest())
    head = (
        f"POST /webhooks/{connection} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json;charset=UTF-8\r\n"
        f"Content-Length: {len(body)}\r\nsg-signature: "
    )
    return head.encode() + signature + b"\r\n\r\n" + body


def deliveries(count: int, *, start: int, type: str, rentals: Sequence[str]) -> list[bytes]:  # noqa: A002 - the sender's word
    """Return `count` different signed requests of about 300 bytes of body, about these rentals in turn."""
    return [
        signed_request(
            CONNECTION,
            json.dumps(
                {
                    "id": f"{start + number:024x}",
                    "created": "2026-03-04T12:00:07.412Z",
                    "type": type,
                    "businessCode": "bench",
                    "data": {
                        "unitRentalId": rentals[number % len(rentals)],
                        "changedKeys": ["overdue", "customFields.somebody_elses"],
                    },
                    "padding": "x" * 60,
                }
            ).encode(),
        )
        for number in range(count)
    ]


async def blast(host: str, port: int, requests: Iterable[bytes], connections: int) -> Load:
    """Send all `requests` over `connections` connections, one at a time on each, as fast as they are answered."""
    loop = asyncio.get_running_loop()
    feed, times, statuses = iter(requests), list[float](), dict[int, int]()
    ends = [loop.create_future() for _ in range(connections)]
    began = perf_counter()
    for end in ends:
        await loop.create_connection(lambda end=end: _Connection(feed, end, times, statuses), host, port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    return _load(times, statuses, perf_counter() - began)


async def steady(host: str, port: int, requests: Sequence[bytes], *, rate: float, connections: int) -> Load:
    """Send `rate` requests a second, whatever the answers. A time counts from when its request was to be sent."""
    times, statuses = list[float](), dict[int, int]()
    waiting: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

    async def sender() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        while (one := await waiting.get()) is not None:
            due, request = one
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0"))
            times.append(perf_counter() - due)
            statuses[int(head[9:12])] = statuses.get(int(head[9:12]), 0) + 1
        writer.close()

    senders = [asyncio.create_task(sender()) for _ in range(connections)]
    began = perf_counter()
    for number, request in enumerate(requests):
        due = began + number / rate
        if due > perf_counter():
            await asyncio.sleep(due - perf_counter())
        waiting.put_nowait((due, request))
    for _ in senders:
        waiting.put_nowait(None)
    await asyncio.gather(*senders)
    return _load(times, statuses, perf_counter() - began)


def _load(times: list[float], statuses: dict[int, int], took: float) -> Load:
    times.sort()
    return Load(
        rps=len(times) / took,
        p50=times[len(times) // 2] * 1000,
        p99=times[int(len(times) * 0.99)] * 1000,
        max=times[-1] * 1000,
        statuses=statuses,
    )
