"""Where a scenario's database lies."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.service.building import open_house

MEMORY = Path("/dev/shm")  # noqa: S108 - each scenario makes a folder of its own there


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and nothing in them: most of the work of opening a bridge, done once."""
    folder = tmp_path_factory.mktemp("new")

    async def make() -> Path:
        async with open_house(folder) as house:
            return house.database

    return asyncio.run(make())


@pytest.fixture
def folder(tmp_path: Path, new_database: Path) -> Iterator[Path]:
    """Where the bridge's database lies: in memory where there is such a place, for no scenario is about the disk."""
    with TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else tmp_path) as made:
        shutil.copy(new_database, made)
        yield Path(made)
