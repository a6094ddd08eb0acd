"""How the API behaves where the documents leave it open, or where it is known to be odd."""

from dataclasses import dataclass
from typing import Final

CLIENT_ID: Final = "client-7"
SECRET: Final = "s3cret-of-the-client"  # noqa: S105 - of a client that does not exist
USERNAME: Final = "admin@storage.example"
PASSWORD: Final = "p4ssword-of-the-admin"  # noqa: S105 - of an account that does not exist


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """`late_seconds`: so long after a create, calls about PIN and groups deny the person.

    `bare_users`: `/users` of v1.2 is an array, else an object with `items` and `count`. `page_cap`: the most that a
    page has, whatever is asked for. `members_show`: which ids a listing of a group's members has.
    """

    late_seconds: float = 0.0
    bare_users: bool = True
    page_cap: int = 50
    members_show: str = "both"
    token_seconds: int = 3600
    tells_new_state: bool = True
    """Whether a change of the subscription answers with the state as it then is, or with nothing."""
