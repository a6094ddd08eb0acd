"""Records that were read with the claims: each is handed out once, soon, and one that cannot be read stops nobody."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.domain.credential import GateCode
from bridge.domain.deliveries import ClaimedSubject
from bridge.domain.errors import BridgeError
from bridge.ports.store import SubjectRecord
from bridge.store.ahead import SECONDS, ReadAhead
from tests.contracts.store_builders import a_key, an_entry, claimed, end, mark
from tests.store.store_file import open_store, outside

pytestmark = pytest.mark.anyio


class Stopwatch:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def a_claim(tenant: str, fence: int = 1) -> ClaimedSubject:
    return ClaimedSubject(key=a_key(tenant), generation=1, attempts=0, fence=fence, since=datetime.now(UTC))


def test_it_is_handed_out_once_and_to_its_own_claim() -> None:
    ahead, record = ReadAhead(seconds=Stopwatch()), SubjectRecord(profile="known")
    claim = a_claim("t1")
    ahead.keep([(claim, record)], read_at=ahead.now())
    assert ahead.take(a_claim("t1", fence=2)) is None
    assert ahead.take(claim) is record
    assert ahead.take(claim) is None


def test_after_a_moment_it_is_not_handed_out_and_not_kept() -> None:
    watch = Stopwatch()
    ahead, old, new = ReadAhead(seconds=watch), a_claim("t1"), a_claim("t2")
    ahead.keep([(old, SubjectRecord())], read_at=ahead.now())
    watch.seconds += SECONDS * 1.5
    ahead.keep([(new, SubjectRecord())], read_at=ahead.now())
    assert list(ahead._kept) == [new], "who never began does not stay for ever"
    assert ahead.take(old) is None
    watch.seconds += SECONDS * 1.5
    assert ahead.take(new) is None


async def test_a_record_that_cannot_be_read_stops_its_own_run_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "gatebridge.db"
    async with open_store(path) as store:
        for number in (1, 2):
            claim = await claimed(store, a_key(f"t{number}"))
            await store.take_code(claim, GateCode(f"48291{number}"), an_entry())
            await end(store, claim)
    with outside(path) as connection:
        connection.execute("UPDATE code SET sealed = (SELECT sealed FROM code WHERE id = 1) WHERE id = 2")
    async with open_store(path) as store:
        await mark(store, a_key("t1"), a_key("t2"), event="again")
        well, ill = sorted(await store.claim_subjects(2), key=lambda claim: claim.key)
        assert (await store.begin(well)).codes.current == GateCode("482911")
        with pytest.raises(BridgeError, match="another tenant's"):
            await store.begin(ill)


async def test_a_question_that_fails_fails_for_who_asked_it_alone(tmp_path: Path) -> None:
    async with open_store(tmp_path / "gatebridge.db") as store:
        ways = store._ways

        def ill(connection: object) -> int:
            raise ValueError(f"what I ask of {type(connection).__name__} is wrong")

        asked = [ways.ask(lambda _: 1), ways.ask(ill), ways.ask(lambda _: 3)]
        said = await asyncio.gather(*asked, return_exceptions=True)
        assert (said[0], type(said[1]), said[2]) == (1, ValueError, 3)
