"""Observe and apply in a list of the bridge's own: a person is one item, so a change is there whole or not at all."""

import asyncio
from collections.abc import Collection, Sequence

from adapters.pull_feed.client import Rows
from adapters.pull_feed.mapping import after, check_target, observed
from adapters.pull_feed.options import Confirm, PullFeedOptions
from bridge.sdk import (
    AdapterContext,
    BridgeError,
    Change,
    Checkpoint,
    Conflict,
    Finding,
    Observed,
    Person,
    Ref,
    StoreUnavailable,
    Target,
    TargetId,
    Unsupported,
    Verdict,
)


class PullFeedAdapter:
    """Fills one site's feed. The feed knows a person by their key alone: there is no reference to keep."""

    def __init__(self, options: PullFeedOptions, context: AdapterContext) -> None:
        self._rows = Rows(context.shelf)
        self._confirm = options.confirm
        self._site = context.site
        self._one_at_a_time = asyncio.Lock()

    async def check(self) -> Sequence[Finding]:
        subject = f"feed of site {self._site}"
        where = f"controllers fetch /feeds/CONNECTION/{self._site} from this bridge"
        try:
            content = await self._rows.content()
        except StoreUnavailable:
            text = f"{where}; what is in it, the running bridge knows"
            return [Finding(subject=subject, verdict=Verdict.OK, text=text)]
        except BridgeError as error:
            advice = "Put back the database and its key as they were in the last good backup."
            return [Finding(subject=subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
        if content.number == 0:
            text = f"{where}; nothing was ever put into it, so they are answered 503"
            return [Finding(subject=subject, verdict=Verdict.OK, text=text)]
        rows = sum(len(row.doors) for row in content.rows.values())
        known = "knows all of it" if content.fetched >= content.number else "has yet to fetch the latest"
        text = f"{where}; it has {len(content.rows)} people and {rows} rows, and a controller {known}"
        return [Finding(subject=subject, verdict=Verdict.OK, text=text)]

    async def targets(self) -> Sequence[Target]:
        raise Unsupported("a feed lists no doors: a unit's field says what stands in the feed's unit column")

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        del ref, targets
        # What was fetched is read first: it may only be older than the row.
        fetched = await self._rows.fetched() if self._confirm is Confirm.FETCHED else None
        return observed(await self._rows.find(person.key), fetched)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        del ref, checkpoint
        if change.target is not None:
            check_target(change.target)
        async with self._one_at_a_time:  # two tenants must not take one code, nor two changes one number
            await self._bring_about(change, person)
        return None

    async def _bring_about(self, change: Change, person: Person) -> None:
        content = await self._rows.content()
        row, number = content.rows.get(person.key), content.number + 1
        new = after(change, row, person.tenant, number)
        if new == row:
            return
        if new is None or (row is not None and row.doors.keys() - new.doors.keys()):
            await self._rows.remember(number)
        if new is None:
            await self._rows.remove(person.key)
            return
        others = (other for key, other in content.rows.items() if key != person.key)
        if (row is None or row.code != new.code) and any(other.code == new.code for other in others):
            raise Conflict("somebody else in the feed has this gate code")
        await self._rows.put(person.key, new)
