"""What the guard has counted and held, to be read by who asks beforehand what it would hold."""

from typing import Protocol

from bridge.domain.ids import SiteKey
from bridge.domain.judge import Book


class LossBook(Protocol):
    async def read_book(self, site: SiteKey) -> Book:
        """Return the book as runs at this site find it now: all that is held and released there, and all that counts.

        Nothing is locked: what is judged by it is a forecast.
        """
