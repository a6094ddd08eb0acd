"""A signature in a header: base64 of the HMAC-SHA256 of the raw body.

Each strategy of this room has the one method `verify(headers, body)`, which returns or raises `Refused`, nothing else.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from bridge.domain.credential import Secret
from bridge.domain.errors import RefusalCause, Refused

MAX_HEADER_LENGTH: Final = 4096
MAX_ENTRIES: Final = 16
_SIGNATURE: Final = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)
_HINTS: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (re.compile(r"sha256=.*", re.DOTALL), "the header has a sha256= prefix; a bare base64 signature is expected"),
    (re.compile(r"[0-9A-Fa-f]{64}", re.ASCII), "the header holds hex; base64 is expected"),
    (
        re.compile(r"[A-Za-z0-9+/_-]{43}=?", re.ASCII),
        "the header holds URL-safe or unpadded base64; standard is expected",
    ),
)


class HmacHeader:
    """Accepts a body that one of `secrets` signed; several secrets count while one is being rotated.

    The header may list several signatures, separated by commas; one good one is enough. Raises `ValueError` where a
    secret is missing or blank: a signature of an empty key proves nothing.
    """

    __slots__ = ("_header", "_keys")

    def __init__(self, *, header: str, secrets: Sequence[Secret]) -> None:
        texts = [secret.reveal() for secret in secrets]
        if not texts or not all(text.strip() for text in texts):
            raise ValueError("a signature needs a secret that is not blank")
        self._header = header.lower()
        self._keys = tuple(text.encode() for text in texts)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return if a listed signature is one of `body`, else raise `Refused`.

        `headers` has lower-case names. A header that is missing or malformed costs as much time as a wrong one, and
        every secret is tried on every entry.
        """
        expected = [base64.b64encode(hmac.digest(key, body, "sha256")) for key in self._keys]
        header = headers.get(self._header, "")
        entries = _entries(header)
        candidates = [entry.encode("ascii") for entry in entries if _SIGNATURE.fullmatch(entry)]
        matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in candidates]
        if any(matches):
            return
        if not header.strip():
            raise Refused(RefusalCause.MISSING_SIGNATURE, f"no {self._header} header")
        if not candidates:
            raise Refused(RefusalCause.MALFORMED_SIGNATURE, _hint(header, entries))
        raise Refused(RefusalCause.WRONG_SIGNATURE, "no configured secret signed this body")


def _entries(header: str) -> list[str]:
    """Return the listed signatures, none at all where the header is longer than a sender could mean."""
    if len(header) > MAX_HEADER_LENGTH:
        return []
    entries = [entry.strip() for entry in header.split(",")]
    listed = [entry for entry in entries if entry]
    return listed if len(listed) <= MAX_ENTRIES else []


def _hint(header: str, entries: Sequence[str]) -> str:
    if not entries and header.strip(", \t"):
        return f"the header is longer than {MAX_HEADER_LENGTH} characters or lists more than {MAX_ENTRIES} signatures"
    for pattern, hint in _HINTS:
        if any(pattern.fullmatch(entry) for entry in entries):
            return hint
    return "the header holds no base64 signature of 32 bytes"
