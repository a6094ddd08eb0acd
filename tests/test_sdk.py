"""The SDK is a promise to authors: its surface is counted, used, and one import deep."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import bridge.sdk

ROOT: Final = Path(__file__).resolve().parents[1]
NAMES: Final = 97
"""A change of this number is a change of the promise: say it in the changelog."""
MET_NOT_IMPORTED: Final = {"Adapter", "Feed", "RateLimited", "Refused", "RefusalCause", "Source", "Unreachable"}
"""Protocols that are met by their methods, and errors that `call` raises."""
USERS: Final = [*(ROOT / "adapters").rglob("*.py"), *(ROOT / "bridge" / "sources").rglob("*.py")]


def imported() -> Iterator[str]:
    for file in USERS:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "bridge.sdk":
                yield from (alias.name for alias in node.names)


def test_the_surface_is_counted() -> None:
    assert len(bridge.sdk.__all__) == len(set(bridge.sdk.__all__)) == NAMES


def test_each_name_is_there_and_used() -> None:
    assert [name for name in bridge.sdk.__all__ if not hasattr(bridge.sdk, name)] == []
    assert set(bridge.sdk.__all__) - set(imported()) - MET_NOT_IMPORTED == set()


def test_nothing_else_is_imported_from_it() -> None:
    assert set(imported()) - set(bridge.sdk.__all__) == set()
