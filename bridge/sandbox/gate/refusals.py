"""What the controller refuses, in its own words."""

from enum import StrEnum


class Refusal(StrEnum):
    CODE_IN_USE = "code_in_use"
    NOT_FOUND = "not_found"
    BAD_CODE = "bad_code"
    BAD_NAME = "bad_name"
    BAD_CONTACT = "bad_contact"
    BAD_REQUEST = "bad_request"
    CAPACITY = "capacity"
    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_TARGET = "unknown_target"
    OCCUPIED = "occupied"
    UNSUPPORTED = "unsupported"
    """Controllers of this kind cannot do that."""


class GateRefused(Exception):
    """A refusal of the business kind: it travels inside an HTTP 200."""

    def __init__(self, refusal: Refusal, text: str) -> None:
        super().__init__(text)
        self.refusal = refusal
        self.text = text
