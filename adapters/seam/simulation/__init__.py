"""A workspace at Seam, simulated from Seam's documents: asynchronous codes, pages, and what the locks really do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from starlette.types import ASGIApp

from adapters.seam.simulation.api import build_api
from adapters.seam.simulation.workspace import SECONDS_TO_REMOVE, SECONDS_TO_SET, Lock, Workspace
from bridge.sdk import TargetId
from bridge.testing.simulation import SimulatedClock

KEY: Final = "seam_simulated_key"
DOORS: Final = (
    Lock(id="3b8d1c52-6f0e-4a7b-9d43-0c1f5e7a9b01", name="Unit B-014"),
    Lock(id="3b8d1c52-6f0e-4a7b-9d43-0c1f5e7a9b02", name="Unit B-015"),
    Lock(id="3b8d1c52-6f0e-4a7b-9d43-0c1f5e7a9b03", name="Front gate"),
)
RELAY: Final = Lock(id="3b8d1c52-6f0e-4a7b-9d43-0c1f5e7a9b04", name="Barrier", takes_codes=False)


class SeamSimulation:
    """Three locks with keypads, and a relay. With `stays_setting`, statuses never tell what the locks did at once."""

    refusals_in_success: Sequence[str] = (
        '{"error": {"type": "internal_error", "message": "it went wrong"}, "ok": false}',
        '{"ok": false}',
    )

    def __init__(
        self, clock: SimulatedClock, *, stays_setting: bool = False, options: Mapping[str, Any] | None = None
    ) -> None:
        locks = {lock.id: replace(lock, unseen=set()) for lock in (*DOORS, RELAY)}
        self.workspace = Workspace(clock, locks, stays_setting=stays_setting)
        self._app = build_api(self.workspace, KEY)
        self._options = {"url": "https://connect.getseam.example", "api_key": KEY, **(options or {})}

    @property
    def app(self) -> ASGIApp:
        return self._app

    @property
    def options(self) -> Mapping[str, Any]:
        return self._options

    @property
    def doors(self) -> Sequence[TargetId]:
        return [TargetId(lock.id) for lock in DOORS]

    def opens(self, code: str, door: TargetId) -> bool:
        return code in self.workspace.opening_codes(door)

    def credentials(self, door: TargetId) -> int:
        return len(self.workspace.codes_at(door))

    def made(self) -> int:
        return sum(not code.by_hand for code in self.workspace.codes())

    def code_lives_with(self) -> str:
        return "door"

    def add_by_hand(self, code: str, door: TargetId, name: str = "Somebody Else") -> None:
        self.workspace.type_in(door, name, code)

    def by_hand(self) -> Any:
        return [(one.id, one.device, one.name, one.code, one.window) for one in self.workspace.codes() if one.by_hand]

    def rename_made(self, name: str) -> None:
        for code in self.workspace.codes():
            code.name = code.name if code.by_hand else name

    def fill(self) -> bool:
        self.workspace.fill()
        return True

    def crowd(self, people: int) -> None:
        for number in range(people):
            door = self.doors[number % len(self.doors)]
            self.workspace.add_in_console(door, f"Cleaner {number}", str(900_000_000 + number))


__all__ = ["DOORS", "KEY", "RELAY", "SECONDS_TO_REMOVE", "SECONDS_TO_SET", "SeamSimulation"]
