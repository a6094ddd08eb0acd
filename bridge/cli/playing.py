"""Plays the demo: a sandbox and a bridge in one process, and the story between them."""

import secrets
import tempfile
from pathlib import Path

from bridge.cli.output import OUT, say
from bridge.cli.running import running_bridge
from bridge.cli.sandboxes import Sandbox, running_sandbox, until_stopped
from bridge.cli.story import Story
from bridge.domain.credential import Secret
from bridge.sandbox.platform import LAKESIDE, Hook
from bridge.settings import load

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


async def play(*, port: int, latency: float, once: bool) -> bool:
    api_key, secret = Secret(secrets.token_urlsafe(24)), Secret(secrets.token_urlsafe(24))
    with tempfile.TemporaryDirectory(prefix="gatebridge-demo-") as folder:
        async with running_sandbox(port=port, gate_port=0, api_key=api_key, latency=latency) as sandbox:
            file = _configure(Path(folder), sandbox, api_key, secret)
            async with running_bridge(load(file), host="127.0.0.1", port=0) as bridge:
                sandbox.sender.add_hook(Hook(url=f"{bridge.url}/webhooks/{CONNECTION}", secret=secret))
                OUT.print("\n[bold]Gatebridge demo[/]: a simulated Storeganise, the bridge, a simulated gate.")
                OUT.print("Each line: what happens, what the gate does, the time from event to gate.\n")
                async with Story.telling(sandbox) as story:
                    went_well = await story.tell()
                if once:
                    return went_well
                OUT.print("\nIt stays up. See both sides, and try the keypad:")
                say(f"  page    {sandbox.page}")
                say(f"  look    .venv/bin/gatebridge --config {file} deliveries list")
                say("  end     Ctrl-C\n")
                await until_stopped()
                return went_well


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
