"""What is paused waits, and is counted as waiting: nobody sees a short queue where work is held back."""

from datetime import timedelta

import pytest

from bridge.service.alerts import Alerts
from bridge.service.pauses import Pauses, UnpausedSubjects
from bridge.telemetry import Metrics
from bridge.testing.memory_store import MemoryStore
from tests.contracts.store_builders import START, SetClock, a_key, mark
from tests.service.test_pauses import ADAPTERS, EVERYTHING

pytestmark = pytest.mark.anyio


async def test_paused_work_is_in_the_oldest_age_and_in_the_counts() -> None:  # O05
    clock = SetClock()
    store = MemoryStore(clock)
    await mark(store, a_key("t1", site="site1"), at=START)
    pauses = Pauses(book=store, adapters=ADAPTERS, alerts=Alerts(Metrics()), clock=clock)
    await pauses.pause(EVERYTHING, who="sam", reason="new locks")
    clock.move(seconds=timedelta(hours=3).total_seconds())
    assert await UnpausedSubjects(queue=store, pauses=pauses).claim_subjects(10) == []
    view = await store.view_queue(site=None, limit=10)
    assert view.oldest == START
    assert view.subjects["due"] == 1
    assert (await store.counts())["subject.ready"] == 1
