"""Whom a plan is about: who is named, or everybody at some sites."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.ids import SiteKey, SubjectKey
from bridge.domain.whom import Selection
from bridge.service.whereabouts import Found, Whereabouts

MAX_ID: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Those who are meant, each once, by key. `notes` tell what could not be asked."""

    found: tuple[Found, ...]
    notes: tuple[str, ...] = ()


class Selector:
    """Looks up who is meant, at the configured sites. Changes nothing."""

    def __init__(self, *, whereabouts: Whereabouts, sites: Collection[SiteKey]) -> None:
        self._whereabouts = whereabouts
        self._sites = frozenset(sites)

    async def select(self, selection: Selection) -> Selected:
        """Return everybody whom all that was named leads to.

        Raises `NotFoundHere` where a name leads to nobody or the site is not configured, and `Unreachable` where a
        platform that gave no usable answer may be the reason.
        """
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

    def sites(self, selection: Selection) -> Sequence[SiteKey]:
        """Return the sites that are meant where nobody is named. Raises `NotFoundHere` where there is none."""
        sites = sorted(key for key in self._sites if selection.site in {None, key[1]})
        if not sites:
            raise NotFoundHere(f"there is no site {inert(selection.site or '', MAX_ID)} in the configuration")
        return sites
