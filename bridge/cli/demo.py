"""`gatebridge demo`: the whole story on this machine, from a move-in to a closed gate, each step timed."""

import secrets
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.output import OUT, say
from bridge.cli.sandbox import PLATFORM_PORT, Latency, Sandbox, running_sandbox, until_stopped
from bridge.cli.serve import run, running_bridge
from bridge.cli.story import Story
from bridge.domain.credential import Secret
from bridge.sandbox.platform import LAKESIDE, Hook
from bridge.settings import load
from bridge.telemetry import configure_logging

CONNECTION = "lakeside"
CONFIGURATION = """\
[store]
url = "sqlite:///{folder}/gatebridge.db"

[connections.{connection}]
source = "storeganise"
base_url = "{platform}"
api_key = "{api_key}"
webhook_secrets = ["{secret}"]
timezone = "Europe/London"

[[sites]]
connection = "{connection}"
id = "{site}"
adapter = "simulator"
field_prefix = "gate"

[sites.options]
url = "{gate}"
"""


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story: status 0, or 1 if a step failed.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The page's port; 0 takes a free one.")] = PLATFORM_PORT,
    latency: Latency = 0.0,
) -> None:
    """Play the story with a simulated platform and gate, then stay up for you to try."""
    configure_logging(level="error", as_json=False)
    went_well: list[bool] = []
    run(_play(port=port, latency=latency, once=once, went_well=went_well))
    if not all(went_well):
        raise typer.Exit(1)


async def _play(*, port: int, latency: float, once: bool, went_well: list[bool]) -> None:
    api_key, secret = Secret(secrets.token_urlsafe(24)), Secret(secrets.token_urlsafe(24))
    with tempfile.TemporaryDirectory(prefix="gatebridge-demo-") as folder:
        async with running_sandbox(port=port, gate_port=0, api_key=api_key, latency=latency) as sandbox:
            file = _configure(Path(folder), sandbox, api_key, secret)
            async with running_bridge(load(file), host="127.0.0.1", port=0) as bridge:
                sandbox.sender.add_hook(Hook(url=f"{bridge.url}/webhooks/{CONNECTION}", secret=secret))
                OUT.print("\n[bold]Gatebridge demo[/]: a simulated Storeganise, the bridge, a simulated gate.")
                OUT.print("Each line: what happens, what the gate does, the time from event to gate.\n")
                async with Story.telling(sandbox) as story:
                    went_well.append(await story.tell())
                if once:
                    return
                OUT.print("\nIt stays up. See both sides, and try the keypad:")
                say(f"  page    {sandbox.page}")
                say(f"  look    .venv/bin/gatebridge --config {file} deliveries list")
                say("  end     Ctrl-C\n")
                await until_stopped()


def _configure(folder: Path, sandbox: Sandbox, api_key: Secret, secret: Secret) -> Path:
    file = folder / "gatebridge.toml"
    file.touch(mode=0o600)
    text = CONFIGURATION.format(
        folder=folder,
        connection=CONNECTION,
        platform=sandbox.page,
        api_key=api_key.reveal(),
        secret=secret.reveal(),
        site=LAKESIDE,
        gate=sandbox.gate,
    )
    file.write_text(text, encoding="utf-8")
    return file
