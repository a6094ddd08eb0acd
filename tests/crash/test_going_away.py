"""Senders that hang up and a bridge that is told to stop: what was answered is kept, what was not may come again."""

import socket
import threading
from contextlib import closing

import httpx
import pytest

from tests.crash.mortal import (
    MortalHouse,
    Tenancy,
    assert_nothing_is_stuck,
    at_rest,
    kept,
    order_fault,
    rents,
    rows,
)
from tests.flow.house import Bridge, sign, until

FLOOD = 500
SENDERS = 16
EVERY = 25
TENANTS = 10


def _hang_up_after_sending(bridge: Bridge, body: bytes) -> None:
    head = (
        f"POST /webhooks/lakeside HTTP/1.1\r\nHost: bridge\r\nsg-signature: {sign(body)}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", bridge.port), 5.0)) as connection:
        connection.sendall(head.encode() + body)


def test_a_sender_that_hangs_up_and_comes_again_has_one_delivery(house: MortalHouse) -> None:  # Q01
    tenancy = rents(house)
    with house.serving() as bridge:
        for _ in range(3):
            _hang_up_after_sending(bridge, _body(tenancy))
        assert house.post(bridge, _body(tenancy)).status_code == 200
        house.until_status(tenancy.rental, "granted")
        at_rest(house, bridge)

    assert rows(house, "SELECT state FROM delivery") == [("done",)]
    assert rows(house, "SELECT state FROM code") == [("current",)]


def _body(tenancy: Tenancy) -> bytes:
    return f'{{"id":"hang-up","type":"unitRental.updated","data":{{"unitRentalId":"{tenancy.rental}"}}}}'.encode()


class Flood(threading.Thread):
    """One of many senders that post until the bridge goes away."""

    def __init__(self, bridge: Bridge, bodies: dict[str, bytes]) -> None:
        super().__init__()
        self.answered: set[str] = set()
        self.statuses: set[int] = set()
        self._url = f"http://127.0.0.1:{bridge.port}/webhooks/lakeside"
        self._bodies = bodies

    def run(self) -> None:
        with httpx.Client(timeout=5.0, trust_env=False) as client:
            for event_id, body in self._bodies.items():
                try:
                    status = client.post(self._url, content=body, headers={"sg-signature": sign(body)}).status_code
                except httpx.TransportError:
                    return
                self.statuses.add(status)
                if status == 200:
                    self.answered.add(event_id)


def test_a_stop_in_the_middle_of_a_flood_keeps_all_that_was_answered(home: MortalHouse) -> None:  # C11
    order_fault(home, latency=0.1)
    tenancies = [rents(home) for _ in range(TENANTS)]
    bodies = {
        f"flood-{number}": _flood_body(number, tenancies[number // EVERY % TENANTS])
        for number in range(FLOOD * SENDERS)
    }
    ids = list(bodies)
    with home.serving() as bridge:
        floods = [
            Flood(bridge, {event_id: bodies[event_id] for event_id in ids[start::SENDERS]}) for start in range(SENDERS)
        ]
        for flood in floods:
            flood.start()
        until(lambda: sum(len(flood.answered) for flood in floods) >= FLOOD)
        assert bridge.stop() == 0
        for flood in floods:
            flood.join()
    answered = set().union(*(flood.answered for flood in floods))
    assert FLOOD <= len(answered) < len(bodies), "it was stopped in the middle"
    assert set().union(*(flood.statuses for flood in floods)) <= {200, 503}
    assert answered <= kept(home)

    with home.serving() as bridge:
        at_rest(home, bridge)
    assert_nothing_is_stuck(home)
    touched = {tenant for (tenant,) in rows(home, "SELECT tenant FROM subject")}
    assert len(touched) > 1
    for tenancy in tenancies:
        assert tenancy.tenant not in touched or home.fields(tenancy.rental)["gate_status"] == "granted"


def _flood_body(number: int, tenancy: Tenancy) -> bytes:
    """Some are about a rental."""
    event_type = "unitRental.updated" if number % EVERY == 0 else "item.low_stock"
    data = f'{{"unitRentalId":"{tenancy.rental}"}}'
    return f'{{"id":"flood-{number}","type":"{event_type}","data":{data}}}'.encode()


@pytest.mark.parametrize("signals", [2, 5])
def test_impatient_signals_do_not_spoil_the_end(house: MortalHouse, signals: int) -> None:
    with house.serving() as bridge:
        for _ in range(signals):
            bridge.process.terminate()
        assert bridge.process.wait(timeout=15) == 0
