"""What a gate shows of everybody at it, as an adapter that reads all at once would tell it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from bridge.domain.changes import EntryState
from bridge.domain.ids import SiteId, TargetId


@dataclass(frozen=True, slots=True)
class Somebody:
    entries: Mapping[TargetId, EntryState]


@dataclass(frozen=True, slots=True)
class Everybody:
    people: Sequence[Somebody]

    def strangers(self, known: Mapping[str, Mapping[str, Any] | None], /) -> Sequence[Somebody]:
        assert known == {}
        return self.people


class GateWatch:
    """Reads the simulated gate from behind its counter."""

    def __init__(self, site: SiteId, hands: httpx.AsyncClient) -> None:
        self._site = site
        self._hands = hands

    async def survey(self) -> Everybody:
        state = (await self._hands.get("/sandbox/state")).json()
        people = state["sites"].get(self._site, {"people": []})["people"]
        return Everybody(
            [Somebody({TargetId(one["target"]): EntryState(one["state"]) for one in who["access"]}) for who in people]
        )
