"""What is measured: the receiver without storage, and with storage but no worker; each in a process of its own."""

import sys
from collections.abc import Sequence

import uvicorn

from bridge.cli.running import run
from bridge.domain.credential import Secret
from bridge.domain.deliveries import NewDelivery, Receipt
from bridge.domain.ids import ConnectionName
from bridge.domain.ledger import LedgerEntry
from bridge.outbound.client import make_client
from bridge.outbound.pinning import base_url
from bridge.ports.clock import SystemClock
from bridge.ports.source import SourceContext
from bridge.ports.store import AlertSink, Inbox
from bridge.service.alerts import Alerts
from bridge.service.receive import Entrance, Receiver
from bridge.sources.storeganise import SOURCE
from bridge.store import Keyring, open_store
from bridge.telemetry import Metrics, configure_logging
from bridge.web import receiver_app
from tests.bench.load import CONNECTION, SECRET


class NoStorage:
    """The floor: everything but keeping the delivery."""

    async def put(self, delivery: NewDelivery) -> Receipt:
        del delivery
        return Receipt.ACCEPTED

    async def probe(self) -> None:
        return

    async def record(self, entries: Sequence[LedgerEntry]) -> None:
        del entries


def _serve(inbox: Inbox, sink: AlertSink, port: int) -> uvicorn.Server:
    metrics, name = Metrics(), ConnectionName(CONNECTION)
    options = SOURCE.options.model_validate(
        {"base_url": "http://127.0.0.1:1", "api_key": "bench", "webhook_secrets": [SECRET]}
    )
    context = SourceContext(connection=name, sites=[], client_for=lambda url: make_client(base_url(url, key="x")))
    receiver = Receiver(
        entrances={name: Entrance(verifier=SOURCE.open(options, context))},
        inbox=inbox,
        alert_sink=sink,
        alerts=Alerts(metrics),
        clock=SystemClock(),
        metrics=metrics,
    )

    async def nothing() -> bytes:
        return b""

    app = receiver_app(receiver, max_body_bytes=1 << 20, metrics=nothing)
    config = uvicorn.Config(
        app, port=port, http="httptools", ws="none", lifespan="off", access_log=False, log_config=None
    )
    return uvicorn.Server(config)


async def floor(port: int) -> None:
    """Serve the receiver over nothing."""
    nothing = NoStorage()
    await _serve(nothing, nothing, port).serve()


async def ingest(port: int, url: str, key: str) -> None:
    """Serve the receiver over the real store, with no worker beside it."""
    store = await open_store(url, key=Keyring(Secret(key)), clock=SystemClock())
    try:
        await _serve(store, store, port).serve()
    finally:
        await store.close()


def main() -> None:
    configure_logging(level="warning", as_json=True)
    what, port = sys.argv[1], int(sys.argv[2])
    run(floor(port) if what == "floor" else ingest(port, *sys.argv[3:]))


if __name__ == "__main__":
    main()
