"""A bridge to be measured: its configuration, its plug-ins, and tenants whom it knows."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Final

from bridge.cli.running import _worker
from bridge.domain.deliveries import Sighting
from bridge.domain.ids import ConnectionName, RentalId, SiteId
from bridge.domain.queueing import Priority
from bridge.settings import Settings, load
from bridge.telemetry import configure_logging
from bridge.wiring import Parts, assemble
from bridge.worker import Worker
from tests.bench.load import CONNECTION, SECRET
from tests.bench.plugs import sighting_of
from tests.bench.processes import free_port, gatebridge, running

ROOT: Final = Path(__file__).resolve().parents[2]
SITE: Final = SiteId("site-1")
KEY: Final = "a key of thirty-two characters or more"
AT_ONCE: Final = 32
PATIENCE: Final = 180.0
_PLUGS: Final = {
    "METADATA": "Metadata-Version: 2.1\nName: gatebridge-bench\nVersion: 0\n",
    "entry_points.txt": (
        "[gatebridge.sources]\nbench = tests.bench.plugs:SOURCE\n"
        "[gatebridge.adapters]\nbench = tests.bench.plugs:ADAPTER\n"
    ),
}
_CONFIGURATION: Final = """
[server]
state_dir = "{folder}"
[store]
url = "{url}"
key = "{key}"
[worker]
concurrency = {at_once}
[log]
level = "warning"
format = "json"
[connections.{connection}]
source = "bench"
webhook_secrets = ["{secret}"]
timezone = "Europe/London"
look_up_seconds = {look_up}
call_seconds = {platform}
[[sites]]
connection = "{connection}"
id = "{site}"
adapter = "bench"
[sites.options]
call_seconds = {vendor}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The seconds that the others take: for a delivery's look-up, for each call of platform and vendor in a run."""

    look_up: float = 0.0
    platform: float = 0.0
    vendor: float = 0.0


AT_ONCE_ANSWERED: Final = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One bridge on one database; its state lies in `folder`."""

    url: str
    folder: Path
    pace: Pace = AT_ONCE_ANSWERED
    environment: Mapping[str, str] = field(default_factory=dict)

    def file(self) -> Path:
        """Write the configuration and return where it is."""
        found = self.folder / "gatebridge.toml"
        text = _CONFIGURATION.format(
            folder=self.folder,
            url=self.url,
            key=KEY,
            at_once=AT_ONCE,
            connection=CONNECTION,
            secret=SECRET,
            look_up=self.pace.look_up,
            platform=self.pace.platform,
            vendor=self.pace.vendor,
            site=SITE,
        )
        found.write_text(text, encoding="utf-8")
        return found

    def settings(self) -> Settings:
        return load(self.file())

    @contextmanager
    def serving(self) -> Iterator[tuple[Popen[bytes], int]]:
        """Run `gatebridge serve` inside the block; yields the process and its port."""
        port = free_port()
        paths = os.pathsep.join([str(_plugs(self.folder)), str(ROOT)])
        command = gatebridge("serve", "--config", str(self.file()), "--port", str(port))
        with running(command, port, {"PYTHONPATH": paths, **self.environment}) as process:
            yield process, port

    @asynccontextmanager
    async def assembled(self) -> AsyncIterator[Parts]:
        """Put a bridge together in this process."""
        async with bridge_of(self.file(), self.folder) as parts:
            yield parts


@asynccontextmanager
async def bridge_of(file: Path, folder: Path) -> AsyncIterator[Parts]:
    """Put a bridge together by a configuration that may name the plug-ins; `folder` is for what offers them."""
    plugs = str(_plugs(folder))
    if plugs not in sys.path:
        sys.path.append(plugs)
    configure_logging(level="warning", as_json=True)
    async with assemble(load(file)) as parts:
        yield parts
    sys.path.remove(plugs)


@asynccontextmanager
async def working(parts: Parts) -> AsyncIterator[Worker]:
    """Run the worker inside the block."""
    worker = _worker(parts)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


async def settled(parts: Parts, count: int) -> None:
    """Return when that many subjects were brought in step since the bridge was put together."""
    counter = parts.metrics.settled.labels("subjects", "done")
    async with asyncio.timeout(PATIENCE):
        while counter._value.get() < count:  # noqa: ASYNC110 - the counter has no event to offer
            await asyncio.sleep(0.005)


def rentals(count: int, *, first: int = 0) -> list[RentalId]:
    return [RentalId(f"r{number:06}") for number in range(first, first + count)]


def sightings(count: int) -> list[Sighting]:
    return [sighting_of(ConnectionName(CONNECTION), SITE, rental) for rental in rentals(count)]


async def mark(parts: Parts, count: int) -> None:
    """Make so many tenants due, in bulk."""
    await parts.store.mark_seen(sightings(count), priority=Priority.LIVE, transfers={})


async def move_in(house: House, count: int) -> None:
    """Have so many tenants known and let in."""
    async with house.assembled() as parts:
        await mark(parts, count)
        async with working(parts):
            await settled(parts, count)


def _plugs(folder: Path) -> Path:
    """Return a folder that offers the plug-ins to whoever has it on the path."""
    offered = folder / "plugs"
    about = offered / "gatebridge_bench-0.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    for name, text in _PLUGS.items():
        (about / name).write_text(text, encoding="utf-8")
    return offered
