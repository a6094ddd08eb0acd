"""Requests that no client library sends, over raw TCP."""

import socket
import time
from contextlib import closing

import pytest

from tests.flow.house import Bridge, House, sign

BODY = b'{"id":"raw-1","type":"item.low_stock","data":{}}'
HEAD = b"POST /webhooks/lakeside HTTP/1.1\r\nHost: bridge\r\nsg-signature: " + sign(BODY).encode() + b"\r\n"


def answer_to(bridge: Bridge, raw: bytes, *, seconds: float = 5.0) -> bytes:
    """Return what the bridge answers until it closes or falls silent."""
    with closing(socket.create_connection(("127.0.0.1", bridge.port), seconds)) as connection:
        connection.sendall(raw)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
                if b"\r\n\r\n" in answer and b"}" in answer:
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 48\r\nTransfer-Encoding: chunked\r\n\r\n30\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"Content-Length: 48\r\nContent-Length: 47\r\n\r\n" + BODY,
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n30\r\n" + BODY + b"XX0\r\n\r\n",
        b"Transfer-Encoding: gzip, identity\r\n\r\n" + BODY,
    ],
)
def test_a_request_that_two_servers_could_read_differently_is_refused(  # T05
    house: House, bridge: Bridge, framing: bytes
) -> None:
    before = len(house.run_json("deliveries", "list", "--limit", "500"))
    answer = answer_to(bridge, HEAD + framing)
    assert b" 200 " not in answer.partition(b"\r\n")[0]
    assert b" 5" not in answer.partition(b"\r\n")[0][:13]
    assert len(house.run_json("deliveries", "list", "--limit", "500")) == before


def test_a_stalled_body_is_given_up_and_others_are_served(bridge: Bridge, house: House) -> None:  # T04
    began = time.monotonic()
    stalled = []
    try:
        for _ in range(20):
            connection = socket.create_connection(("127.0.0.1", bridge.port), 15.0)
            connection.sendall(HEAD + b"Content-Length: 48\r\n\r\n" + BODY[:10])
            stalled.append(connection)
        assert house.post(bridge, {"id": "while-stalled", "type": "item.low_stock", "data": {}}).status_code == 200
        assert time.monotonic() - began < 5
        assert b" 408 " in stalled[0].recv(65536)
    finally:
        for connection in stalled:
            connection.close()
    assert time.monotonic() - began < 14


def test_a_body_that_is_cut_off_is_not_kept(bridge: Bridge, house: House) -> None:
    with closing(socket.create_connection(("127.0.0.1", bridge.port), 5.0)) as connection:
        connection.sendall(HEAD + b"Content-Length: 48\r\n\r\n" + BODY[:20])
    assert "raw-1" not in str(house.run_json("deliveries", "list", "--limit", "500"))
    assert house.http.get(f"http://127.0.0.1:{bridge.port}/livez").status_code == 200
