"""What controllers on site fetch from the bridge, where no vendor has an API to be called."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bridge.domain.credential import Secret


class FeedFormat(StrEnum):
    JSON = "json"
    CSV = "csv"


MEDIA_TYPES = {FeedFormat.JSON: "application/json", FeedFormat.CSV: "text/csv; charset=utf-8; header=present"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """The whole feed as it is now, in one format.

    `tag` is equal for equal bodies of a format, and tells nothing of them without a key that is not in it. `number`
    rises with every change that the page holds.
    """

    body: bytes = field(repr=False)
    format: FeedFormat
    tag: str
    number: int


class Feed(Protocol):
    """One site's feed. An adapter fills it; the bridge serves it."""

    def admits(self, token: Secret) -> bool:
        """Tell whether `token` is one of the site's, in a time that says nothing about it."""

    async def page(self, wanted: FeedFormat | None) -> FeedPage:
        """Return the feed in the format that is wanted, or else in its own. Raises rather than leave anything out.

        A feed that nothing was ever put into raises `NotYetConsistent`: an empty one would lock everybody out.
        """

    async def note_fetched(self, page: FeedPage) -> None:
        """Remember that a controller has this page."""
