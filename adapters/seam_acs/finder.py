"""Finds a tenant at Seam: by the key of a user identity, and whoever belongs to it in the access system."""

from dataclasses import dataclass

from adapters.seam_acs.client import AcsClient
from adapters.seam_acs.mapping import is_husk, is_leaving
from adapters.seam_acs.wire import WireUser
from bridge.sdk import Anomaly, Person, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Who was found: `live` can be given something, `leaving` are being deleted, `husks` are at Seam only."""

    identity: str | None = None
    users: tuple[WireUser, ...] = ()

    @property
    def exists(self) -> bool:
        """Say whether there is anything of ours; an identity without anybody is something that can be removed."""
        return self.identity is not None

    @property
    def leaving(self) -> list[WireUser]:
        return [user for user in self.users if is_leaving(user)]

    @property
    def husks(self) -> list[WireUser]:
        return [user for user in self.users if is_husk(user) and not is_leaving(user)]

    @property
    def live(self) -> list[WireUser]:
        return [user for user in self.users if not is_leaving(user) and not is_husk(user)]


async def find(client: AcsClient, person: Person, ref: Ref | None) -> Found:
    """Return who is there. Nobody is believed only if the one whose id we keep is gone as well, or is leaving."""
    identity = await client.identity(person.key)
    users = [] if identity is None else await client.users(identity)
    kept = None if ref is None else ref.get("user")
    if isinstance(kept, str) and all(user.acs_user_id != kept for user in users):
        shown = await client.user(kept)
        if shown is not None and not is_leaving(shown):
            raise Anomaly("Seam has the person, but does not list them under the key that they were made with")
    return Found(identity=identity, users=tuple(users))
