"""The keypad at each target: a code is typed, the gate opens or says why not."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog

from bridge.domain.credential import GateCode
from bridge.domain.errors import inert
from bridge.ports.clock import Clock
from bridge.sandbox.gate.people import Controller, EntryState, GatePerson, is_code
from bridge.sandbox.gate.refusals import GateRefused

MAX_TRIES: Final = 1000


class Reason(StrEnum):
    OK = "ok"
    UNKNOWN_CODE = "unknown_code"
    NO_ACCESS_HERE = "no_access_here"
    SUSPENDED = "suspended"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeypadTry:
    """One try, as the controller's entry log keeps it: whose code it was, never the code."""

    at: datetime
    site: str
    target: str
    reason: Reason
    person: int | None = None

    @property
    def opened(self) -> bool:
        return self.reason is Reason.OK


class Keypad:
    def __init__(self, controller: Controller, clock: Clock) -> None:
        self._controller = controller
        self._clock = clock
        self._tries: deque[KeypadTry] = deque(maxlen=MAX_TRIES)
        self._log = structlog.get_logger()

    @property
    def entry_log(self) -> Sequence[KeypadTry]:
        """The last tries, the oldest first."""
        return tuple(self._tries)

    def type_code(self, *, site: str, target: str, code: object) -> KeypadTry:
        """Return what the gate does when `code` is typed at `target`."""
        reason, person = self._judge(site, target, code)
        done = KeypadTry(at=self._clock.now(), site=site, target=target, reason=reason, person=person)
        self._tries.append(done)
        self._log.info("keypad.tried", site=inert(site, 64), target=inert(target, 64), reason=str(reason))
        return done

    def _judge(self, site: str, target: str, code: object) -> tuple[Reason, int | None]:
        try:
            place = self._controller.site(site)
        except GateRefused:
            return Reason.UNKNOWN_CODE, None
        place.name_target(target)
        if not isinstance(code, str) or not is_code(code):
            return Reason.MALFORMED, None
        person = place.holder(GateCode(code))
        if person is None:
            return Reason.UNKNOWN_CODE, None
        return _verdict(person, target), person.id


def _verdict(person: GatePerson, target: str) -> Reason:
    state = person.access.get(target)
    if state is None:
        return Reason.NO_ACCESS_HERE
    return Reason.SUSPENDED if person.suspended or state is EntryState.SUSPENDED else Reason.OK
