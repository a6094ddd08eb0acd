"""A plan of what runs would do, read as they read, and nothing changed anywhere."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

from bridge.domain.evidence import FEW, Told
from bridge.domain.ids import ConnectionName, SiteKey
from bridge.domain.proposal import Proposal
from bridge.domain.whom import Selection
from bridge.ports.clock import Clock
from bridge.ports.losses import LossBook
from bridge.service.everybody import Everybody, Somebody
from bridge.service.guarding import Foretold, as_guarded
from bridge.service.listing import SITES_AT_ONCE, Listed, NotListed, SiteLists
from bridge.service.paces import Paces
from bridge.service.pauses import Pauses
from bridge.service.selecting import Selector
from bridge.service.side_by_side import one_by_one, side_by_side
from bridge.service.tenant_plans import Answers, TenantPlans, site_of, unknown
from bridge.service.whereabouts import Found
from bridge.telemetry import get_logger

NOT_SURE: Final = "the platform's list of the site is not complete, and of many who are missing none is asked about"


class Planner:
    """Who is named is read one by one; a whole site is read from its list, at about a hundred tenants a call."""

    def __init__(
        self,
        *,
        selector: Selector,
        lists: SiteLists,
        everybody: Everybody,
        tenants: TenantPlans,
        losses: LossBook,
        clock: Clock,
        paces: Paces | None = None,
        pauses: Pauses | None = None,
        in_shadow: Collection[SiteKey] = frozenset(),
    ) -> None:
        """Without `pauses`, nothing is taken for paused; without `paces`, nothing is paced."""
        self._selector = selector
        self._lists = lists
        self._everybody = everybody
        self._tenants = tenants
        self._losses = losses
        self._clock = clock
        self._paces = paces or Paces()
        self._pauses = pauses
        self._in_shadow = in_shadow
        self._log = get_logger()

    async def plan(self, selection: Selection) -> Proposal:
        """Return what runs of those who are meant would do now. Who cannot be read is in it as unknown.

        Of a whole site, who moved out long ago and has nothing at the vendor is not in it. Raises what
        `Selector.select` and `Selector.sites` raise.
        """
        answers: Answers = {}
        done, notes = await (self._named(selection, answers) if selection.named else self._whole(selection, answers))
        subjects = sorted(await as_guarded(self._losses, done, self._clock), key=lambda one: one.subject)
        to_run = [one for one in subjects if one.needs_run]
        proposal = Proposal(
            made_at=self._clock.now(),
            subjects=tuple(subjects),
            seconds=self._paces.seconds(to_run, answers),
            notes=(*notes, *await self._paused({site_of(one.subject) for one in to_run})),
        )
        self._log.info("plan.made", digest=proposal.digest(), subjects=len(subjects), to_run=len(to_run))
        return proposal

    async def _named(self, selection: Selection, answers: Answers) -> tuple[list[Foretold], Sequence[str]]:
        """Read a few tenants of a platform side by side; a site whose vendor is slow keeps no other one waiting."""
        selected = await self._selector.select(selection)
        sites: dict[SiteKey, list[Found]] = {}
        for one in selected.found:
            sites.setdefault(site_of(one.subject), []).append(one)
        places = {name: asyncio.Semaphore(self._paces.readers([name])) for name, _ in sites}
        done: list[Foretold] = []

        async def read(one: Found) -> None:
            async with places[one.subject.connection]:
                done.append(await self._tenants.alone(one, answers))

        async def read_site(site: SiteKey) -> None:
            at_once = min(self._paces.readers([site]), len(sites[site]))
            await side_by_side(one_by_one(sites[site]), read, at_once=at_once)

        await side_by_side(one_by_one([*sites]), read_site, at_once=len(sites))
        return done, selected.notes

    async def _whole(self, selection: Selection, answers: Answers) -> tuple[list[Foretold], Sequence[str]]:
        sites = self._selector.sites(selection)
        done: list[Foretold] = []
        notes: dict[SiteKey, str] = {}

        async def read_connection(name: ConnectionName) -> None:
            here = [site for site in sites if site[0] == name]
            await side_by_side(one_by_one(here), read_site, at_once=SITES_AT_ONCE)

        async def read_site(site: SiteKey) -> None:
            read = await self._lists.read(site)
            if isinstance(read, NotListed):
                notes[site] = f"site {site[1]} of {site[0]} was not listed, so only known tenants are in the plan: "
                notes[site] += read.why
            elif read.weighed.why is not None:
                notes[site] = f"site {site[1]} of {site[0]}: {NOT_SURE}: {read.weighed.why}"
            done.extend(await self._site(site, read, answers))

        names = sorted({name for name, _ in sites})
        await side_by_side(one_by_one(names), read_connection, at_once=len(names))
        return done, [notes[site] for site in sorted(notes)]

    async def _site(self, site: SiteKey, read: Listed | NotListed, answers: Answers) -> list[Foretold]:
        listing, why = (None, None) if isinstance(read, NotListed) else (read.listing, read.weighed.why)
        done: list[Foretold] = []
        missing: list[Somebody] = []
        at_once = self._tenants.at_once(site)

        async def plan(one: Somebody) -> None:
            if why is not None and one.told is Told.NOT_ALL and not one.is_revoked:
                missing.append(one)
            elif one.told is not Told.NOTHING_LEFT:
                done.append(await self._tenants.listed(one, answers, at_once))

        readers = max(1, self._paces.readers([site[0], site]) // SITES_AT_ONCE)
        await side_by_side(self._everybody.at(site, listing), plan, at_once=readers)
        for one in missing:
            if len(missing) < FEW:
                done.append(await self._tenants.listed(one, answers, at_once))
            else:
                done.append(Foretold(planned=unknown(one.found, one.record, f"{NOT_SURE}: {why}")))
        return done

    async def _paused(self, sites: Collection[SiteKey]) -> tuple[str, ...]:
        shadows = tuple(
            f"site {key[1]} of {key[0]} is in shadow: nothing of this is done there"
            for key in sorted(sites)
            if key in self._in_shadow
        )
        return (*shadows, *await self._by_pauses(sites))

    async def _by_pauses(self, sites: Collection[SiteKey]) -> tuple[str, ...]:
        if self._pauses is None:
            return ()
        paused = [(site, await self._pauses.of(site)) for site in sorted(sites)]
        return tuple(
            f"site {site[1]} of {site[0]}: {pause}; nothing is done there until it is resumed"
            for site, pauses in paused
            for pause in pauses
        )
