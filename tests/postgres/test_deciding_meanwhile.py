"""What one process decides about old work takes nothing away that another has just made due again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.dead_letters import Signature, Which
from bridge.domain.deliveries import DeliveryState
from bridge.domain.errors import NotFoundHere
from bridge.domain.outcome import Dead, Done
from bridge.ports.pruning import Before
from bridge.ports.store import DeliverySettlement, Priority, SubjectCommit
from bridge.store import SqlStore, dead_letters, pruning, subjects
from bridge.store.tables import delivery
from tests.contracts.store_builders import a_delivery, a_key
from tests.postgres.stores import a_store, mark

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC)
BY = Signature(who="mira", reason="moved away", at=NOW)


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, store: SqlStore, room: object, name: str, act: Callable[[sa.Connection], None]
) -> None:
    """Have another transaction commit `act` right after the function `name` of a room has found something."""
    known = getattr(room, name)

    def and_then(*given: Any, **named: Any) -> Any:
        found = known(*given, **named)
        if found:
            with store._ways._pool._engine.begin() as other:  # type: ignore[attr-defined]  # PostgreSQL's way
                act(other)
        return found

    monkeypatch.setattr(room, name, and_then)


def mark_again(connection: sa.Connection) -> None:
    subjects.mark(connection, [a_key("t1")], priority=Priority.LIVE, now=NOW, since=NOW)


def replay(connection: sa.Connection) -> None:
    connection.execute(sa.update(delivery).values(state=DeliveryState.NEW, due_at=NOW))


async def test_a_dead_subject_that_is_marked_while_it_is_discarded_stays_due(
    postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_store(postgres_tables) as store:
        await mark(store, a_key("t1"), event="first")
        (claim,) = await store.claim_subjects(1)
        await store.commit(claim, SubjectCommit(outcome=Dead(why="refused")))
        (letter,) = await store.list_dead(Which(), limit=2)
        meanwhile(monkeypatch, store, dead_letters, "show_dead", mark_again)
        with pytest.raises(NotFoundHere, match="no longer a dead letter"):
            await store.discard_dead(letter.id, BY, despite_open_doors=True)
        assert [claim.key for claim in await store.claim_subjects(1)] == [a_key("t1")]


async def test_a_dead_delivery_that_is_replayed_while_it_is_discarded_stays_due(
    postgres_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_store(postgres_tables) as store:
        await store.put(a_delivery("first"))
        (claim,) = await store.claim_deliveries(1)
        await store.settle_delivery(claim, DeliverySettlement(outcome=Dead(why="refused")))
        (letter,) = await store.list_dead(Which(), limit=2)
        meanwhile(monkeypatch, store, dead_letters, "show_dead", replay)
        with pytest.raises(NotFoundHere, match="no longer a dead letter"):
            await store.discard_dead(letter.id, BY, despite_open_doors=False)
        assert len(await store.claim_deliveries(1)) == 1


@pytest.mark.parametrize("removes", [True, False], ids=["removed", "emptied"])
async def test_an_old_delivery_that_is_replayed_while_it_is_pruned_keeps_its_body(
    postgres_tables: str, monkeypatch: pytest.MonkeyPatch, *, removes: bool
) -> None:
    async with a_store(postgres_tables) as store:
        for event in ("first", "newest"):
            await store.put(a_delivery(event))
        for claim in await store.claim_deliveries(2):
            await store.settle_delivery(claim, DeliverySettlement(outcome=Done()))
        never, future = datetime(2000, 1, 1, tzinfo=UTC), NOW + timedelta(days=1)
        old = Before(bodies=future, settled=future if removes else never, quarantined=never)
        meanwhile(monkeypatch, store, pruning._Batch, "hand_over", replay)
        await store.prune(old, limit=9)
        assert [bool(claim.body) for claim in await store.claim_deliveries(9)] == [True, True]
