"""Leave to call an account: for this process alone, or shared with others through a ledger."""

from typing import Protocol

from bridge.domain.slots import Ask, Granted


class Permit(Protocol):
    """Leave for one call. It ends with `give_back` or `unused`; what comes after that changes nothing."""

    def too_many(self, retry_after: float | None) -> None:
        """Say that the call was answered 429, asking for so many seconds: the account is left alone, then spared."""

    def give_back(self) -> None:
        """Say that the call has ended, its answer read or given up."""

    def unused(self) -> None:
        """Say that the call did not go out: its turn is somebody else's."""


class Permits(Protocol):
    async def take(self) -> Permit:
        """Return when a call may go out, in the order of asking. Who is cancelled meanwhile has taken nothing.

        Raises `RateLimited` with `retry_after` (seconds) when that would take too long.
        """


class SlotLedger(Protocol):
    """What processes share, as `bridge.domain.slots` has it: each account's book, changed by one asker at a time.

    Whoever keeps it and knows a holder to be dead may take it out of the book at once.
    """

    async def rent(self, account: str, ask: Ask) -> Granted:
        """Change the account's book with `bridge.domain.slots.rent`, on the ledger's clock. One round trip.

        Raises `StoreUnavailable`; the ask may then have been heard.
        """
