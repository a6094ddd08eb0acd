"""What the conformance kit needs of a vendor: its HTTP API, played by a program, and a hand at the vendor's console.

A simulation is written from the vendor's documents, its oddities too, and never from the adapter. It is made anew for
each check, lives in memory and takes its time from the clock that it is given.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from starlette.types import ASGIApp

from bridge.domain.ids import TargetId


class SimulatedClock:
    """Moves when it is told to. Simulations take every time from it, and what is late comes when it has moved."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class Simulation(Protocol):
    """One account at a vendor. All but `app` and `options` is done by hand at the vendor's console, without the API.

    It may have more, which the kit uses where it is there: `refusals_in_success`, bodies by which the vendor refuses
    with HTTP 200; `rename_made(name)`, by which staff rewrite the visible names of all that the API made; `shelf`, what
    is handed to an adapter that keeps its things in the bridge.
    """

    @property
    def app(self) -> ASGIApp:
        """Answer for every host that the adapter speaks to; sign-in and wrong keys are part of it."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Return the adapter's options for this account as an operator writes them, secrets as plain text."""

    @property
    def doors(self) -> Sequence[TargetId]:
        """Return three targets that exist and that nobody holds."""

    def opens(self, code: str, door: TargetId) -> bool:
        """Say whether the code, typed at the door now, opens it."""

    def credentials(self, door: TargetId) -> int:
        """Count what is set up to open the door, suspended or not, whoever made it."""

    def made(self) -> int:
        """Count the people, visitors or codes that exist and were made through the API."""

    def code_lives_with(self) -> str:
        """Say where the vendor keeps a code: `person` (one thing for all doors) or `door` (a thing for each)."""

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        """Let somebody in whom the bridge knows nothing of: without its mark, with this code, at this door."""

    def by_hand(self) -> Any:
        """Return all that was added by hand, as it is now, in a form that can be compared."""

    def fill(self) -> bool:
        """Use up what the vendor has room for, so that it makes nothing new; False where no such limit is known."""

    def crowd(self, people: int) -> None:
        """Add so many others by hand, with codes of their own, so that listings take several pages where they can."""
