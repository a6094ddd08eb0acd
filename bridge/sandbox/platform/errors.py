"""What the simulated platform refuses, each with the answer that it gives.

Refusal
├── BadRequest        400  a parameter or body that cannot be read
├── Unauthenticated   401  no key, or a wrong one
├── NotFound          404  no such thing
└── NotPossible       409  the thing is in a state that forbids it
"""

from typing import ClassVar


class Refusal(Exception):
    """The root. `kind` is the error body's `type`: its words are this simulator's own, the reference knows none."""

    status: ClassVar[int] = 400
    kind: ClassVar[str] = "bad_request"


class BadRequest(Refusal):
    pass


class Unauthenticated(Refusal):
    status = 401
    kind = "unauthorized"


class NotFound(Refusal):
    status = 404
    kind = "not_found"


class NotPossible(Refusal):
    status = 409
    kind = "not_possible"
