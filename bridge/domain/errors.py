"""Errors that say what to do next.

BridgeError
├── TemporaryError         try again later, at the time that the other side asked for
│   ├── Unreachable        no answer, or a 5xx
│   ├── RateLimited        429
│   ├── NotYetConsistent   the other side has not caught up with its own answer
│   ├── Anomaly            the answer contradicts itself or what is known: it proves nothing
│   └── StoreUnavailable   our own store takes no write now
├── OutcomeUnknown         it may have happened: read before anything else
├── PermanentError         trying again changes nothing; a person must look
│   ├── Rejected           this change was refused
│   │   └── Conflict       refused because somebody else has this gate code
│   ├── NoCapacity         no seat, slot or code left
│   ├── Unauthorized       stop the site, not just the change
│   └── Unsupported        the other side has no such ability
├── LeaseLost              somebody else works on this now: drop the work, write nothing
├── Refused                an unauthenticated delivery, with its cause
├── NotFoundHere           an operator asked for something that is not in the store
├── DoorsOpen              an operator must say first that a door may stay open
├── Outdated               what an operator approved is not what would be done now
├── AlreadyRunning         somebody else has asked for the same, and it is not over
└── ConfigurationError     the operator must change a key before the bridge starts
"""

from enum import StrEnum

MAX_MESSAGE = 500


class BridgeError(Exception):
    """The root. Its message is for operators: one line, no secret, no tenant's name."""

    def __init__(self, message: str) -> None:
        super().__init__(inert(message))


class TemporaryError(BridgeError):
    """Try again later, not before `retry_after` seconds if the other side named them."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(TemporaryError):
    pass


class RateLimited(TemporaryError):
    pass


class NotYetConsistent(TemporaryError):
    pass


class Anomaly(TemporaryError):
    pass


class StoreUnavailable(TemporaryError):
    pass


class OutcomeUnknown(BridgeError):
    pass


class PermanentError(BridgeError):
    pass


class Rejected(PermanentError):
    pass


class Conflict(Rejected):
    pass


class NoCapacity(PermanentError):
    pass


class Unauthorized(PermanentError):
    pass


class Unsupported(PermanentError):
    pass


class LeaseLost(BridgeError):
    pass


class RefusalCause(StrEnum):
    MISSING_SIGNATURE = "missing_signature"
    MALFORMED_SIGNATURE = "malformed_signature"
    WRONG_SIGNATURE = "wrong_signature"
    UNKNOWN_CONNECTION = "unknown_connection"


class Refused(BridgeError):
    """A delivery that proves nothing about its sender. `hint` helps an operator, in the log only."""

    def __init__(self, cause: RefusalCause, hint: str = "") -> None:
        super().__init__(f"{cause}: {hint}" if hint else str(cause))
        self.cause = cause
        self.hint = hint


class NotFoundHere(BridgeError):
    pass


class DoorsOpen(BridgeError):
    pass


class Outdated(BridgeError):
    pass


class AlreadyRunning(BridgeError):
    """The message names it."""


class ConfigurationError(BridgeError):
    """`key` is the dotted path of the setting at fault, as in the configuration file."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}" if key else message)
        self.key = key


def inert(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return `text` as one printable line of at most `limit` characters, whatever somebody else put into it."""
    line = "".join(c if c.isprintable() else " " for c in text[: limit * 2])
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
