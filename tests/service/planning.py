"""Asking a house for a plan, and what a run then really did."""

from contextlib import closing
from sqlite3 import connect
from typing import Any

from bridge.domain.proposal import PlannedRental, Proposal, Standing
from bridge.domain.whom import Selection
from tests.service.house import SITE, House

HERE = Selection(site=SITE)


async def planned(house: House, selection: Selection = HERE) -> Proposal:
    return await house.bridge.resyncer.plan(selection)


async def item(house: House, rental: str, selection: Selection = HERE) -> PlannedRental:
    (found,) = [one for _, one in (await planned(house, selection)).items() if one.rental == rental]
    return found


def steps(one: PlannedRental) -> list[str]:
    """Return the changes of a rental as short words."""
    return [f"{step.kind} {step.target}" if step.target else str(step.kind) for step in one.steps]


def standings(proposal: Proposal) -> dict[str, Standing]:
    return {one.rental: one.standing for _, one in proposal.items()}


def all_steps(proposal: Proposal) -> set[str]:
    """Return every change that a plan has, once, however many rentals it is for."""
    return {step for _, one in proposal.items() for step in steps(one)}


def writes_planned(proposal: Proposal) -> set[str]:
    return {one.rental for _, one in proposal.items() if one.fields}


async def resynced(house: House, selection: Selection = HERE, approved: str | None = None) -> set[str]:
    """Resync, work until nothing is due, and return the tenants that were made due."""
    told = await house.bridge.resyncer.resync(selection, who="olga", approved=approved)
    while await worked_on(house):
        pass
    return {key.tenant for key in told.marked}


async def worked_on(house: House) -> int:
    """Let operations make due whom there is room for, run all that is due, and return how many runs that took."""
    await house.bridge.desk.operations.advance()
    return await house.converge_due()


def intents(house: House, after: int = 0) -> set[str]:
    """Return the changes that the ledger says were begun after its line of this number, as short words."""
    query = "SELECT what, target FROM ledger WHERE kind = 'intent' AND id > ?"
    with closing(connect(house.database.as_uri() + "?mode=ro", uri=True)) as database:
        rows = database.execute(query, (after,)).fetchall()
    return {f"{what} {target}" if target else str(what) for what, target in rows}


def last_line(house: House) -> int:
    with closing(connect(house.database.as_uri() + "?mode=ro", uri=True)) as database:
        (number,) = database.execute("SELECT coalesce(max(id), 0) FROM ledger").fetchone()
    return int(number)


def everything(house: House) -> dict[str, list[Any]]:
    """Return all that the database holds, but for the plans that may be approved."""
    with closing(connect(house.database.as_uri() + "?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables.remove("approval")
        return {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608 - names that the database itself tells
