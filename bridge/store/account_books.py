"""The books of accounts that several processes call: who has which slots."""

import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from bridge.domain.slots import AccountBook, Ask, Granted, Share, rent
from bridge.store.dialect import insert_into
from bridge.store.tables import account_book


def change(connection: sa.Connection, *, account: str, ask: Ask, now: datetime) -> Granted:
    """Answer the ask from the account's book; the row's lock makes it one asker at a time."""
    new = insert_into(connection, account_book).values(account=account, book=_text(AccountBook()))
    connection.execute(new.on_conflict_do_nothing())
    is_its = account_book.c.account == account
    kept = connection.execute(sa.select(account_book.c.book).where(is_its).with_for_update()).scalar_one()
    book, granted = rent(_book(kept), ask, now.timestamp())
    connection.execute(sa.update(account_book).where(is_its).values(book=_text(book)))
    return granted


def forget(connection: sa.Connection, holders: Collection[str]) -> None:
    """Free what these held: they are dead."""
    rows = connection.execute(sa.select(account_book).order_by(account_book.c.account).with_for_update()).all()
    for row in rows:
        book = _book(row.book)
        for holder in holders:
            book = book.without(holder)
        connection.execute(
            sa.update(account_book).where(account_book.c.account == row.account).values(book=_text(book))
        )


def _text(book: AccountBook) -> str:
    """Return the book as JSON; a time that never was is left out, since JSON knows no infinity."""
    told = {
        "shares": {name: asdict(share) for name, share in book.shares.items()},
        "next_turn": book.next_turn if book.next_turn > 0 else None,
        "rest_until": book.rest_until if book.rest_until > 0 else None,
    }
    return json.dumps(told)


def _book(text: str) -> AccountBook:
    told = json.loads(text)
    never = AccountBook()
    return AccountBook(
        shares={name: Share(**share) for name, share in told["shares"].items()},
        next_turn=never.next_turn if told["next_turn"] is None else told["next_turn"],
        rest_until=never.rest_until if told["rest_until"] is None else told["rest_until"],
    )
