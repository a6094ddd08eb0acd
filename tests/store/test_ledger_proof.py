"""Whatever somebody changes in the ledger behind the bridge's back, the check finds it, and says so once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.ledger import LedgerEntry, LedgerKind
from bridge.service import ledger_proof
from bridge.service.alerts import Alerts
from bridge.service.ledger_proof import Checked, LedgerProof
from bridge.store import SqlStore
from bridge.telemetry import Metrics
from tests.contracts.store_builders import START, SetClock, a_key
from tests.store.store_file import open_store, outside

pytestmark = pytest.mark.anyio
LINES = 7


@dataclass(kw_only=True)
class Vault:
    path: Path
    store: SqlStore
    proof: LedgerProof

    def tamper(self, statement: str) -> None:
        with outside(self.path) as connection:
            for trigger in ("ledger_no_update", "ledger_no_delete"):
                connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
            assert connection.execute(statement).rowcount == 1

    def row(self, number: int) -> tuple[Any, ...]:
        with outside(self.path) as connection:
            (row,) = connection.execute("SELECT * FROM ledger WHERE id = ?", (number,)).fetchall()
        return tuple(row)

    def restore(self, row: tuple[Any, ...]) -> None:
        marks = ", ".join("?" for _ in row)
        with outside(self.path) as connection:
            connection.execute(f"REPLACE INTO ledger VALUES ({marks})", row)  # noqa: S608 - question marks only

    async def check(self) -> Checked:
        """Check all of it, part by part."""
        found = await self.proof.check()
        checked = found.checked
        while not found.is_done and found.broken is None:
            found = await self.proof.check(after=found.last, through=found.through)
            checked += found.checked
        assert found.broken is not None or checked == found.through
        return found

    async def alerts(self) -> list[str]:
        return [row.entry.details["entry"] for row in await self.store.list_alerts(limit=99)]


@pytest.fixture
async def vault(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Vault]:
    del anyio_backend
    path, alerts, clock = tmp_path / "gatebridge.db", Alerts(Metrics()), SetClock()
    async with open_store(path) as store:
        await store.record(
            [
                LedgerEntry(kind=LedgerKind.INTENT, at=START, what="grant", subject=a_key(), details={"n": str(number)})
                for number in range(LINES)
            ]
        )
        proof = LedgerProof(book=store, bookmarks=store, alert_sink=store, alerts=alerts, clock=clock)
        yield Vault(path=path, store=store, proof=proof)


@pytest.fixture(autouse=True, params=[(500, 10_000), (2, 3)], ids=str)
def _pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check in pages and parts of these sizes: a seam hides nothing."""
    page, most = request.param
    monkeypatch.setattr(ledger_proof, "PAGE", page)
    monkeypatch.setattr(ledger_proof, "MAX_CHECKED", most)


async def test_a_whole_chain_holds_and_says_until_when(vault: Vault) -> None:
    found = await vault.check()
    assert (found.broken, found.last, found.is_done) == (None, LINES, True)
    assert await vault.alerts() == []


CHANGES = {
    "what": "UPDATE ledger SET what = 'revoke' WHERE id = {0}",
    "when": "UPDATE ledger SET at = at + 1 WHERE id = {0}",
    "kind": "UPDATE ledger SET kind = 'outcome' WHERE id = {0}",
    "no such kind": "UPDATE ledger SET kind = 'nonsense' WHERE id = {0}",
    "tenant": "UPDATE ledger SET tenant = 'other' WHERE id = {0}",
    "nobody's": "UPDATE ledger SET tenant = NULL WHERE id = {0}",
    "door": "UPDATE ledger SET target = 'A' WHERE id = {0}",
    "rental": "UPDATE ledger SET rental = 'r1' WHERE id = {0}",
    "details": 'UPDATE ledger SET details = \'{{"n": "x"}}\' WHERE id = {0}',
    "details that are none": "UPDATE ledger SET details = 'none' WHERE id = {0}",
    "a time that is none": "UPDATE ledger SET at = 'noon' WHERE id = {0}",
    "chain": "UPDATE ledger SET chain = 'x' WHERE id = {0}",
}


async def test_any_row_that_is_altered_in_any_column_is_the_first_that_does_not_hold(vault: Vault) -> None:
    for change in CHANGES.values():
        for number in (1, 4, LINES):
            kept = vault.row(number)
            vault.tamper(change.format(number))
            found = await vault.check()
            assert found.broken is not None, change
            assert (found.broken.number, found.last) == (number, number - 1), change
            vault.restore(kept)
    assert (await vault.check()).broken is None, "each was put right again"


async def test_a_row_that_was_taken_away_is_missed_at_the_next(vault: Vault) -> None:
    vault.tamper("DELETE FROM ledger WHERE id = 3")
    found = await vault.check()
    assert found.broken is not None
    assert found.broken.number == 4


async def test_a_chain_that_was_made_again_from_a_row_on_is_found_by_its_last_value(vault: Vault) -> None:
    """Nobody but a copy kept elsewhere can tell: so the check says the last chain value."""
    before = (await vault.check()).chain
    vault.tamper("DELETE FROM ledger WHERE id = (SELECT max(id) FROM ledger)")
    after = await vault.proof.check()
    assert after.broken is None
    assert after.chain != before


async def test_a_broken_chain_is_one_alert_however_often_it_is_checked(vault: Vault) -> None:
    vault.tamper(CHANGES["what"].format(4))
    for _ in range(3):
        assert (await vault.check()).broken is not None
    assert await vault.alerts() == ["4"]
    vault.tamper(CHANGES["what"].format(2))
    await vault.check()
    assert await vault.alerts() == ["2", "4"]


async def test_what_is_appended_during_a_check_does_not_matter(vault: Vault) -> None:
    first = await vault.proof.check()
    await vault.store.record([LedgerEntry(kind=LedgerKind.OPERATOR, at=START, what="meanwhile")])
    rest = await vault.proof.check(after=first.last, through=first.through)
    assert rest.broken is None
    assert rest.last <= LINES
