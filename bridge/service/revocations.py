"""Taking all access of a person away at once, at every door, until it is given back; and how far that has come."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bridge.domain.closing import DoorEnd, door_ends
from bridge.domain.dead_letters import MAX_REASON, Signature
from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.history import door_histories
from bridge.domain.ids import ConnectionName, SiteId, SiteKey, TenantId
from bridge.domain.revocations import Banned, Revocation
from bridge.domain.whom import By, Whom
from bridge.ports.clock import Clock
from bridge.ports.proof import AccessHistory, Held, Holder
from bridge.ports.revocations import RevocationBook
from bridge.ports.store import OperatorDesk
from bridge.service.breakers import Breakers
from bridge.service.followed import Followed, followed
from bridge.service.pauses import Pauses
from bridge.service.shadow import IN_SHADOW
from bridge.telemetry import get_logger

MAX_SITES: Final = 500
MAX_ID: Final = 64
FOREIGN: Final = "it was not made by the bridge, which leaves it: close it at the gate system"
UNSERVED: Final = "the site is no longer configured: nothing is done there"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteEnd:
    """How far it is at one site: its doors, and the work on the tenant there.

    `why` says what is in the way, where something is open; `paused`, who wants nothing done there.
    """

    work: Followed
    doors: tuple[DoorEnd, ...]
    why: str | None = None
    paused: str | None = None
    is_shadow: bool = False
    """The bridge closes nothing there: who opens the doors must do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """`revocation` is None where none stands: then the doors are those that the person has now."""

    banned: Banned
    revocation: Revocation | None
    sites: tuple[SiteEnd, ...]


class Revocations:
    """Marks; the worker does the rest, ahead of everything, whatever becomes of who asked for it."""

    def __init__(
        self,
        *,
        book: RevocationBook,
        history: AccessHistory,
        desk: OperatorDesk,
        sites: Collection[SiteKey],
        pauses: Pauses,
        in_shadow: Collection[SiteKey] = (),
        breakers: Breakers,
        clock: Clock,
    ) -> None:
        """`sites` are those that are configured, `in_shadow` those of them at which nothing is written."""
        self._in_shadow = frozenset(in_shadow)
        self._book = book
        self._history = history
        self._desk = desk
        self._sites = frozenset(sites)
        self._pauses = pauses
        self._breakers = breakers
        self._clock = clock
        self._log = get_logger()

    async def standing(self) -> Sequence[Revocation]:
        """Return whose access is revoked, the oldest first."""
        return await self._book.list_revocations()

    async def look(self, tenant: str, *, connection: str | None = None, site: str | None = None) -> Closing:
        """Return how far it is, or what the person has where nothing is revoked. Changes nothing.

        Raises `NotFoundHere` for a connection or site that is not configured, and for whom no connection, or more than
        one, knows where none is named: nobody else is asked, least of all a platform that may be away.
        """
        banned = await self._whom(tenant, connection, site)
        revocation = next((one for one in await self._book.list_revocations() if _is_about(one, banned)), None)
        since = self._clock.now() if revocation is None else revocation.since
        return Closing(
            banned=banned,
            revocation=revocation,
            sites=tuple([await self._at(holder, since) for holder in await self._holders(banned)]),
        )

    async def revoke(
        self, tenant: str, *, who: str, reason: str, connection: str | None = None, site: str | None = None
    ) -> Closing:
        """Take all access away, there and wherever they come to at the connection; raises as `look` does.

        Again, it makes their work due once more.
        """
        banned = await self._whom(tenant, connection, site)
        keys = await self._book.keep_revocation(banned, self._signed(who, reason))
        self._log.warning("access.revoked", connection=banned.connection, site=banned.site, subjects=len(keys))
        return await self.look(tenant, connection=banned.connection, site=site)

    async def lift(
        self, tenant: str, *, who: str, reason: str, connection: str | None = None, site: str | None = None
    ) -> Sequence[Revocation]:
        """Have the rules decide again, and return what still stands for the tenant; raises as `look` does.

        Raises `NotFoundHere` where nothing is revoked, or only everywhere at once.
        """
        banned = await self._whom(tenant, connection, site)
        standing = await self._book.list_revocations()
        if site is not None and any(_is_about(one, banned) and one.banned.site is None for one in standing):
            raise NotFoundHere("their access is revoked at every site at once: leave --site out to give it back")
        keys = await self._book.lift_revocation(banned, self._signed(who, reason))
        self._log.warning("access.given_back", connection=banned.connection, site=banned.site, subjects=len(keys))
        whole = Banned(connection=banned.connection, tenant=banned.tenant)
        return [one for one in await self._book.list_revocations() if _is_about(one, whole)]

    def _signed(self, who: str, reason: str) -> Signature:
        return Signature(who=inert(who, MAX_REASON), at=self._clock.now(), reason=inert(reason, MAX_REASON))

    async def _whom(self, tenant: str, connection: str | None, site: str | None) -> Banned:
        there = [key for key in self._sites if site in {None, key[1]} and connection in {None, key[0]}]
        if not there:
            where = (
                f"site {inert(site, MAX_ID)}" if site is not None else f"connection {inert(connection or '', MAX_ID)}"
            )
            raise NotFoundHere(f"there is no {where} in the configuration")
        if connection is not None:
            return _banned(ConnectionName(connection), tenant, site)
        held = Held(tenant=TenantId(tenant), site=None if site is None else SiteId(site))
        names = {one.subject.connection for one in await self._history.list_holders(held, after=0, limit=MAX_SITES)}
        names |= {one.banned.connection for one in await self._book.list_revocations() if one.banned.tenant == tenant}
        if len(names) == 1:
            return _banned(names.pop(), tenant, site)
        shown = inert(tenant, MAX_ID) or "without an id"
        if names:
            raise NotFoundHere(f"connections {', '.join(sorted(names))} all know a tenant {shown}: add --connection")
        raise NotFoundHere(
            f"the bridge has never heard of a tenant {shown} there, and has opened nothing for them; to shut them out "
            "beforehand, add --connection"
        )

    async def _holders(self, banned: Banned) -> Sequence[Holder]:
        held = Held(tenant=banned.tenant, site=banned.site)
        found = await self._history.list_holders(held, after=0, limit=MAX_SITES)
        return [holder for holder in found if banned.covers(holder.subject)]

    async def _at(self, holder: Holder, since: datetime) -> SiteEnd:
        key = holder.subject
        site = key.connection, key.site
        entries = await self._history.door_entries([key])
        ours = {target for record in holder.access for target in record.targets | record.unsure}
        doors = door_ends(door_histories(entries.get(key, ())), ours, since)
        rows = await self._desk.find_subjects(Whom(by=By.TENANT, id=key.tenant), {site})
        work = followed(key, rows[0] if rows else None, self._clock.now())
        pauses = await self._pauses.of(site)
        return SiteEnd(
            work=work,
            doors=doors,
            why=self._why_open(site, doors, work),
            paused="; ".join(str(pause) for pause in pauses) or None,
            is_shadow=site in self._in_shadow,
        )

    def _why_open(self, site: SiteKey, doors: Sequence[DoorEnd], work: Followed) -> str | None:
        left = [door for door in doors if not door.is_closed]
        if not left:
            return None
        if site not in self._sites:
            return UNSERVED
        if site in self._in_shadow:
            return IN_SHADOW
        if all(door.is_foreign for door in left):
            return FOREIGN
        silent = next((one.why for one in self._breakers.not_answering() if one.site == site), None)
        return silent or work.why or f"the work on it is {work.progress}"


def _banned(connection: ConnectionName, tenant: str, site: str | None) -> Banned:
    return Banned(connection=connection, tenant=TenantId(tenant), site=None if site is None else SiteId(site))


def _is_about(revocation: Revocation, banned: Banned) -> bool:
    """Tell whether the revocation is in force somewhere in what was asked about."""
    theirs = revocation.banned
    is_same = (theirs.connection, theirs.tenant) == (banned.connection, banned.tenant)
    return is_same and (None in {theirs.site, banned.site} or theirs.site == banned.site)
