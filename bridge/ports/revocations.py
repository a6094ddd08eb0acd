"""Where it is kept whose access a person has revoked: it outlives every restart, and every run reads it."""

from collections.abc import Sequence
from typing import Protocol

from bridge.domain.dead_letters import Signature
from bridge.domain.ids import SubjectKey
from bridge.domain.revocations import Banned, Revocation


class RevocationBook(Protocol):
    async def list_revocations(self) -> Sequence[Revocation]:
        """Return those that stand, the oldest first."""

    async def keep_revocation(self, banned: Banned, by: Signature) -> Sequence[SubjectKey]:
        """Keep it and tell the ledger; the tenant's known subjects become due ahead of everything. Returns those.

        One that stands already stays as it was, and its subjects become due once more. A run that has read its record
        before this is followed by one that reads it after.
        """

    async def lift_revocation(self, banned: Banned, by: Signature) -> Sequence[SubjectKey]:
        """End it and tell the ledger; its subjects become due as live events do. Returns those.

        Without a site, whatever stands for the tenant at the connection ends. Raises `NotFoundHere` where nothing does.
        """
