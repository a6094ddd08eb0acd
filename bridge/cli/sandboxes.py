"""A running sandbox: the simulated platform with its page, and the simulated gate."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bridge.cli.listening import authority, listen, serving
from bridge.cli.output import say
from bridge.domain.credential import Secret
from bridge.domain.errors import ConfigurationError
from bridge.outbound.pinning import base_url
from bridge.sandbox.gate import GateSettings, build_gate
from bridge.sandbox.platform import LAKESIDE, Hook, PlatformSettings, Sender, World, build_platform, demo_world

HOST: Final = "127.0.0.1"
API_KEY: Final = "sandbox-api-key"
WEBHOOK_SECRET: Final = "sandbox-webhook-secret"  # noqa: S105 - printed, and good for the sandbox only


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running one. `page` shows it; `world` and `sender` are the platform's inside, for the demo."""

    page: str
    gate: str
    world: World
    sender: Sender


@asynccontextmanager
async def running_gate(port: int, settings: GateSettings) -> AsyncIterator[str]:
    """Run a gate controller inside the block and give its URL."""
    with listen(HOST, port) as listener:
        async with serving(build_gate(settings), listener):
            yield f"http://{authority(listener)}"


@asynccontextmanager
async def running_sandbox(
    *, port: int, gate_port: int, api_key: Secret, hooks: tuple[Hook, ...] = (), latency: float = 0.0
) -> AsyncIterator[Sandbox]:
    """Run platform and gate inside the block."""
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(running_gate(gate_port, GateSettings(latency=latency)))
        listener = stack.enter_context(listen(HOST, port))
        page = f"http://{authority(listener)}"
        settings = PlatformSettings(api_keys=(api_key,), public_url=page, gate_url=gate, hooks=hooks, latency=latency)
        world = demo_world()
        sender = Sender(world, settings)
        await stack.enter_async_context(serving(build_platform(world, sender, settings), listener, has_lifespan=True))
        yield Sandbox(page=page, gate=gate, world=world, sender=sender)


async def until_stopped() -> None:
    """Return at SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


async def sandbox_until_stopped(port: int, gate_port: int, webhook_url: str | None, latency: float) -> None:
    hooks = () if webhook_url is None else (Hook(url=_hook_url(webhook_url), secret=Secret(WEBHOOK_SECRET)),)
    running = running_sandbox(port=port, gate_port=gate_port, api_key=Secret(API_KEY), hooks=hooks, latency=latency)
    async with running as it:
        say(f"platform and page  {it.page}")
        say(f"gate               {it.gate}")
        say(f"api key            {API_KEY}")
        say(f"webhook secret     {WEBHOOK_SECRET}")
        say(f"site               {LAKESIDE}")
        say(f"webhooks go to     {webhook_url or 'nowhere (--webhook-url)'}")
        await until_stopped()


def _hook_url(text: str) -> str:
    """The sandbox talks to this host only: it is a simulator, and its load is nobody else's."""
    return str(base_url(text, key="--webhook-url")).rstrip("/")


async def gate_until_stopped(port: int, settings: GateSettings) -> None:
    async with running_gate(port, settings) as url:
        say(f"gate  {url}")
        await until_stopped()


def places(named: list[str]) -> dict[str, frozenset[str]]:
    places: dict[str, frozenset[str]] = {}
    for name in named:
        site, slash, target = name.partition("/")
        if not (site and slash and target):
            raise ConfigurationError("--strict", "takes SITE/TARGET")
        places[site] = places.get(site, frozenset()) | {target}
    return places
