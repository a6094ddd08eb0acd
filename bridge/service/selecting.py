"""Whom a plan is about: who is named, or everybody at a site, known already or only listed by the platform."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bridge.domain.errors import BridgeError, NotFoundHere, Unreachable, inert
from bridge.domain.ids import ConnectionName, RentalId, SiteKey, SubjectKey
from bridge.domain.whom import Selection
from bridge.ports.source import Lister
from bridge.ports.store import OperatorDesk, SubjectRow
from bridge.service.sweep import LISTING_SECONDS, MAX_ID
from bridge.service.whereabouts import Found, Whereabouts
from bridge.telemetry import get_logger

PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Those who are meant, each once, by key. `notes` tell what could not be asked."""

    found: tuple[Found, ...]
    notes: tuple[str, ...] = ()


class Selector:
    """Looks up who is meant, at the configured sites. Changes nothing."""

    def __init__(
        self,
        *,
        whereabouts: Whereabouts,
        desk: OperatorDesk,
        listers: Mapping[ConnectionName, Lister],
        sites: Collection[SiteKey],
    ) -> None:
        self._whereabouts = whereabouts
        self._desk = desk
        self._listers = listers
        self._sites = frozenset(sites)
        self._log = get_logger()

    async def select(self, selection: Selection) -> Selected:
        """Return everybody whom all that was said leads to.

        Raises `NotFoundHere` where a name leads to nobody or the site is not configured, and `Unreachable` where a
        platform that gave no usable answer may be the reason.
        """
        if selection.named:
            return await self._named(selection)
        sites = sorted(key for key in self._sites if selection.site in {None, key[1]})
        if not sites:
            raise NotFoundHere(f"there is no site {inert(selection.site or '', MAX_ID)} in the configuration")
        parts = [await self._everybody(site) for site in sites]
        return Selected(
            found=tuple(one for part in parts for one in part.found),
            notes=tuple(note for part in parts for note in part.notes),
        )

    async def _named(self, selection: Selection) -> Selected:
        answers = [await self._whereabouts.find(whom) for whom in selection.named]
        known: dict[SubjectKey, Found] = {}
        for one in (one for answer in answers for one in answer.found):
            before = known.get(one.subject)
            rentals = one.rentals if before is None else one.rentals | before.rentals
            row = one.row or (before.row if before is not None else None)
            known[one.subject] = Found(subject=one.subject, row=row, rentals=rentals)
        meant = frozenset(known).intersection(*({one.subject for one in answer.found} for answer in answers))
        if not meant:
            raise NotFoundHere(f"nobody is meant by all of {inert(selection.words())}")
        notes = dict.fromkeys(note for answer in answers for note in answer.notes)
        return Selected(found=tuple(known[key] for key in sorted(meant)), notes=tuple(notes))

    async def _everybody(self, site: SiteKey) -> Selected:
        """Return who is known at the site, and who is only listed; a list that is missing takes nobody away."""
        rows = await self._known(site)
        rentals: dict[SubjectKey, set[RentalId]] = {}
        notes: tuple[str, ...] = ()
        try:
            async with asyncio.timeout(LISTING_SECONDS):
                listing = await self._listers[site[0]].list_site(site[1])
            for seen in listing.sightings:
                rentals.setdefault(seen.subject, set()).add(seen.rental)
        except TimeoutError:
            notes = (_not_listed(site, Unreachable(f"no answer within {LISTING_SECONDS:.0f} s")),)
        except BridgeError as error:
            notes = (_not_listed(site, error),)
        except Exception as error:  # noqa: BLE001 - a plug-in's defect is an answer too, without what it may quote
            self._log.exception("selecting.defect", connection=site[0], site=site[1])
            notes = (_not_listed(site, Unreachable(f"unexpected {type(error).__name__}")),)
        keys = sorted({*rows, *rentals})
        found = (Found(subject=key, row=rows.get(key), rentals=frozenset(rentals.get(key, ()))) for key in keys)
        return Selected(found=tuple(found), notes=notes)

    async def _known(self, site: SiteKey) -> dict[SubjectKey, SubjectRow]:
        rows: dict[SubjectKey, SubjectRow] = {}
        page = await self._desk.list_subjects(site, limit=PAGE)
        while page:
            rows |= {row.key: row for row in page}
            page = await self._desk.list_subjects(site, limit=PAGE, after=page[-1].key.tenant)
        return rows


def _not_listed(site: SiteKey, error: BridgeError) -> str:
    return f"site {site[1]} of {site[0]} was not listed, so only known tenants are in the plan: {error}"
