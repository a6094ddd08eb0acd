"""A vendor's simulation, served until it is stopped."""

from typing import Any

from bridge.cli.listening import authority, listen, serving
from bridge.cli.output import say
from bridge.cli.sandboxes import HOST, until_stopped
from bridge.domain.errors import Unsupported
from bridge.ports.adapter import AdapterSpec
from bridge.testing.report import simulation_of
from bridge.testing.serving import RealClock, as_toml, local_options, served


async def simulate_until_stopped(spec: AdapterSpec[Any], port: int, suite: str | None) -> None:
    """Serve what certifies the adapter, and print the site's options that fit. Raises `Unsupported` where none does."""
    try:
        simulation = simulation_of(spec.key, RealClock(), suite)
    except LookupError as error:
        raise Unsupported(str(error)) from error
    if hasattr(simulation, "shelf"):
        raise Unsupported(f"{spec.key} calls nobody: there is no vendor to play")
    with listen(HOST, port) as listener:
        root = f"http://{authority(listener)}"
        async with serving(served(simulation), listener):
            say("[sites.options]")
            for line in as_toml(local_options(spec, simulation, root)):
                say(line)
            say()
            say(f"# doors  {' '.join(simulation.doors)}")
            say(f"# keypad POST {root}/keypad with target and code, as JSON")
            await until_stopped()
