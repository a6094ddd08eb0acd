"""Revoked access in memory: the same promises as `bridge.store.revocations`."""

from collections.abc import Sequence

from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.ids import SubjectKey
from bridge.domain.revocations import Banned, Revocation


class MemoryRevocations:
    def __init__(self) -> None:
        self._kept: dict[Banned, Revocation] = {}

    def standing(self) -> Sequence[Revocation]:
        return sorted(self._kept.values(), key=lambda one: (one.since, _place(one.banned)))

    def of_subject(self, subject: SubjectKey) -> Revocation | None:
        return next((one for one in self.standing() if one.banned.covers(subject)), None)

    def keep(self, revocation: Revocation) -> None:
        self._kept.setdefault(revocation.banned, revocation)

    def lift(self, banned: Banned) -> None:
        """End it; without a site, all of the tenant at the connection. Raises `NotFoundHere`."""
        over = [
            one
            for one in self._kept
            if (one.connection, one.tenant) == (banned.connection, banned.tenant)
            and (banned.site is None or one.site == banned.site)
        ]
        if not over:
            raise NotFoundHere(f"the access of tenant {inert(banned.tenant, 64)} is not revoked there")
        for one in over:
            del self._kept[one]


def _place(banned: Banned) -> tuple[str, str, str]:
    return banned.connection, banned.tenant, banned.site or ""
