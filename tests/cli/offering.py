"""Packages that offer an adapter, as an installer leaves them: on the path, with their metadata beside them."""

from collections.abc import Mapping
from pathlib import Path


def offer(folder: Path, key: str, modules: Mapping[str, str], *, package: str | None = None) -> str:
    """Put a package into `folder` that offers `key`, and return its name; `modules` are files by path within it."""
    package = package or f"offered_{key}"
    for path, text in modules.items():
        file = folder / package / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    announce(folder, key, f"{package}:ADAPTER", distribution=package.replace("_", "-"))
    return package


def announce(folder: Path, key: str, place: str, *, distribution: str) -> None:
    metadata = folder / f"{distribution.replace('-', '_')}-2.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.1.0\n")
    (metadata / "entry_points.txt").write_text(f"[gatebridge.adapters]\n{key} = {place}\n")


DECLARED = '''
"""Declares an adapter that does nothing."""

from bridge.sdk import AdapterSpec, Capabilities, CodeRules, Options, SecretText, Unsupported


class LocksOptions(Options):
    token: SecretText
    digits: int
    """How long the codes are,
    in digits."""


class Locks:
    def __init__(self, options, context):
        pass

    async def targets(self):
        raise Unsupported("this vendor lists no locks: copy their ids from its console")


ADAPTER = AdapterSpec(
    key="KEY",
    title="Locks of a stranger",
    field_prefix="locks",
    options=LocksOptions,
    capabilities=lambda options: Capabilities(code_rules=CodeRules(max_length=options.digits)),
    open=Locks,
    suite="SUITE",
)
'''


def declared(key: str, suite: str = "") -> str:
    return DECLARED.replace("KEY", key).replace("SUITE", suite)
