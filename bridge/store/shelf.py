"""Adapters' own items: sealed like gate codes, and each bound to its connection, site and key."""

import json
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from bridge.domain.ids import SiteKey
from bridge.ports.shelf import Item
from bridge.store.dialect import insert_into
from bridge.store.jobs import Unit
from bridge.store.keyring import Keyring
from bridge.store.tables import shelf

T = TypeVar("T")


class Run(Protocol):
    """Runs a unit of work of whatever kind and returns its value."""

    def __call__(self, unit: Unit[T]) -> Awaitable[T]: ...


class SqlShelf:
    """One site's shelf. `read` and `write` are the store's ways to its readers and to its writer."""

    def __init__(self, site: SiteKey, *, keyring: Keyring, read: Run, write: Run) -> None:
        self._site = site
        self._keyring = keyring
        self._read = read
        self._write = write

    async def get(self, key: str) -> Item | None:
        return (await self._read(partial(_load, site=self._site, keyring=self._keyring, key=key))).get(key)

    async def put(self, key: str, item: Item) -> None:
        text = json.dumps(item, allow_nan=False, separators=(",", ":"))
        sealed = self._keyring.seal_item(self._site, key, text.encode())
        await self._write(partial(_put, site=self._site, key=key, sealed=sealed))

    async def remove(self, key: str) -> None:
        await self._write(partial(_remove, site=self._site, key=key))

    async def entries(self) -> Mapping[str, Item]:
        return await self._read(partial(_load, site=self._site, keyring=self._keyring))


def _is_at(site: SiteKey) -> sa.ColumnElement[bool]:
    connection, place = site
    return sa.and_(shelf.c.connection == connection, shelf.c.site == place)


def _load(connection: sa.Connection, *, site: SiteKey, keyring: Keyring, key: str | None = None) -> dict[str, Any]:
    """Return the site's items, opened: all, or the one under `key`."""
    chosen = sa.select(shelf.c.key, shelf.c.sealed).where(_is_at(site)).order_by(shelf.c.key)
    if key is not None:
        chosen = chosen.where(shelf.c.key == key)
    return {row.key: json.loads(keyring.open_item(site, row.key, row.sealed)) for row in connection.execute(chosen)}


def _put(connection: sa.Connection, *, site: SiteKey, key: str, sealed: bytes) -> None:
    name, place = site
    insert = insert_into(connection, shelf).values(connection=name, site=place, key=key, sealed=sealed)
    connection.execute(
        insert.on_conflict_do_update(index_elements=["connection", "site", "key"], set_={"sealed": sealed})
    )


def _remove(connection: sa.Connection, *, site: SiteKey, key: str) -> None:
    connection.execute(sa.delete(shelf).where(_is_at(site), shelf.c.key == key))
