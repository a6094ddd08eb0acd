"""What Seam knows of locks and codes, and what the locks themselves have: that comes later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from bridge.testing.simulation import SimulatedClock

SECONDS_TO_SET: Final = 8.0
SECONDS_TO_REMOVE: Final = 12.0
NO_SPACE: Final = "no_space_for_access_code_on_device"
DUPLICATE: Final = "duplicate_code_on_device"

Window = tuple[datetime, datetime]


@dataclass(slots=True, kw_only=True)
class Lock:
    """`unseen` are codes that the lock has and Seam does not know of."""

    id: str
    name: str
    takes_codes: bool = True
    online: bool = True
    code_lengths: tuple[int, ...] = (4, 5, 6, 7, 8, 9)
    max_codes: int = 1000
    constraints: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    unseen: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Code:
    """`on_lock` is what opens the door now; the lock is to be as Seam wants at `due`."""

    id: str
    device: str
    name: str
    code: str
    created: datetime
    window: Window | None = None
    by_hand: bool = False
    is_managed: bool = True
    is_deleted: bool = False
    on_lock: str | None = None
    due: datetime | None = None
    errors: tuple[str, ...] = ()

    def wanted(self, now: datetime) -> str | None:
        """Return the digits that Seam wants on the lock now. A lock that refuses others keeps what it has."""
        is_in_time = self.window is None or self.window[0] <= now < self.window[1]
        if not is_in_time or self.is_deleted:
            return None
        return self.on_lock if self.errors else self.code

    def status(self, now: datetime) -> str:
        wanted = self.wanted(now)
        if self.is_deleted:
            return "removing"
        if self.errors:
            return "setting"
        if wanted is None:
            return "removing" if self.on_lock is not None else "unset"
        return "set" if self.on_lock == wanted else "setting"


class Workspace:
    """All of it moves when it is asked: a lock that was due has done its part by then."""

    def __init__(self, clock: SimulatedClock, locks: Mapping[str, Lock], *, stays_setting: bool = False) -> None:
        self._clock = clock
        self.locks = locks
        self.stays_setting = stays_setting
        self.learns_late = False
        """The lock tells only when a code reaches it that it has no room for it."""
        self._codes: dict[str, Code] = {}
        self._numbers = count(1)

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def codes(self) -> Sequence[Code]:
        for code in list(self._codes.values()):
            self._move(code)
        return list(self._codes.values())

    def codes_at(self, device: str) -> Sequence[Code]:
        return [code for code in self.codes() if code.device == device]

    def opening_codes(self, device: str) -> set[str]:
        return {code.on_lock for code in self.codes_at(device) if code.on_lock is not None} | self.locks[device].unseen

    def find(self, id_: str) -> Code | None:
        return next((code for code in self.codes() if code.id == id_), None)

    def is_taken(self, device: str, digits: str, *, other_than: Code | None = None) -> bool:
        return any(code.code == digits and code is not other_than for code in self.codes_at(device))

    def make(self, device: str, name: str, digits: str, window: Window | None) -> Code:
        code = self._add(device, name, digits, window=window)
        if self._is_full(device) and not self.learns_late:
            code.errors = (NO_SPACE,)
        self._begin(code)
        return code

    def change(self, code: Code, *, name: str | None, digits: str | None, window: Window | None) -> None:
        before = (code.code, code.window)
        code.name = code.name if name is None else name
        code.code = code.code if digits is None else digits
        code.window = window
        if before != (code.code, code.window):
            code.errors = ()
            self._begin(code)

    def delete(self, code: Code) -> None:
        if not code.is_deleted:
            code.is_deleted = True
            self._begin(code)

    def status_of(self, code: Code) -> str:
        if self.stays_setting:
            return "setting"
        return code.status(self.now)

    def type_in(self, device: str, name: str, digits: str) -> None:
        """Let somebody set a code at the keypad: Seam sees it, and does not manage it."""
        code = self._add(device, name, digits)
        code.by_hand, code.is_managed, code.on_lock = True, False, digits

    def add_in_console(self, device: str, name: str, digits: str) -> None:
        """Let somebody set a code through Seam, beside the bridge."""
        code = self._add(device, name, digits)
        code.by_hand, code.on_lock = True, digits

    def fill(self) -> None:
        for lock in self.locks.values():
            lock.max_codes = len(self.codes_at(lock.id))

    def _add(self, device: str, name: str, digits: str, *, window: Window | None = None) -> Code:
        id_ = f"9f2c7e10-5a4d-4c3b-8e21-{next(self._numbers):012x}"
        code = Code(id=id_, device=device, name=name, code=digits, created=self.now, window=window)
        self._codes[id_] = code
        return code

    def _is_full(self, device: str) -> bool:
        return len(self.codes_at(device)) > self.locks[device].max_codes

    def _begin(self, code: Code) -> None:
        """Send the lock what changed; it is there when the lock has heard of it."""
        code.due = None
        self._move(code)

    def _move(self, code: Code) -> None:
        if not code.is_managed:
            return
        wanted = code.wanted(self.now)
        if code.on_lock != wanted:
            seconds = SECONDS_TO_REMOVE if wanted is None else SECONDS_TO_SET
            code.due = code.due or self.now + timedelta(seconds=0 if self.stays_setting else seconds)
            if self.now >= code.due:
                self._reach(code, wanted)
        if code.is_deleted and code.on_lock is None:
            self._codes.pop(code.id, None)

    def _reach(self, code: Code, wanted: str | None) -> None:
        code.due = None
        lock = self.locks[code.device]
        if wanted in lock.unseen:
            code.errors = (DUPLICATE,)
        elif wanted is not None and code.on_lock is None and self.learns_late and self._is_over(lock):
            code.errors = (NO_SPACE,)
        else:
            code.on_lock = wanted

    def _is_over(self, lock: Lock) -> bool:
        held = [code for code in self._codes.values() if code.device == lock.id and code.on_lock is not None]
        return len(held) >= lock.max_codes
