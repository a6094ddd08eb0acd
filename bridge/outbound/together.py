"""Leave by several at once, or by nobody."""

from collections.abc import Sequence

from bridge.ports.permits import Permit, Permits


class Unpaced:
    """Leave at any time."""

    async def take(self) -> Permit:
        return _AllLeave(())


class Both:
    """Leave by several at once, such as the site and its account. A 429 is the last one's affair."""

    def __init__(self, permits: Sequence[Permits]) -> None:
        self._permits = permits

    async def take(self) -> Permit:
        taken: list[Permit] = []
        try:
            for permits in self._permits:
                taken.append(await permits.take())  # noqa: PERF401 - what was taken before a failure must be known
        except BaseException:
            for permit in taken:
                permit.unused()
            raise
        return _AllLeave(taken)


class _AllLeave:
    def __init__(self, taken: Sequence[Permit]) -> None:
        self._taken = taken

    def too_many(self, retry_after: float | None) -> None:
        for permit in self._taken[-1:]:
            permit.too_many(retry_after)

    def give_back(self) -> None:
        for permit in self._taken:
            permit.give_back()

    def unused(self) -> None:
        for permit in self._taken:
            permit.unused()
