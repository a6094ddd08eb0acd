"""Seals gate codes and adapters' items for the database, and tells two equal codes without opening them."""

import hmac
import json
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.domain.credential import MIN_KEY_LENGTH, GateCode, Secret
from bridge.domain.errors import ConfigurationError, PermanentError
from bridge.domain.ids import SiteKey, SubjectKey

_FORMAT: Final = b"\x01"
_NONCE_LENGTH: Final = 12


class Keyring:
    """The keys that come of the one in the configuration: to seal, to compare, to recognise itself."""

    __slots__ = ("_check", "_compare", "_seal", "_shelf")

    def __init__(self, key: Secret) -> None:
        text = key.reveal()
        if len(text) < MIN_KEY_LENGTH:
            raise ConfigurationError("store.key", f"needs {MIN_KEY_LENGTH} characters or more")
        self._seal = AESGCM(_derived(text, b"seal"))
        self._shelf = AESGCM(_derived(text, b"shelf"))
        self._compare = _derived(text, b"compare")
        self._check = _derived(text, b"check").hex()

    def __repr__(self) -> str:
        return "<keyring>"

    def seal(self, subject: SubjectKey, code: GateCode) -> bytes:
        """Return `code` as only this key opens it, and only for this subject."""
        return _seal(self._seal, code.reveal().encode(), _name(subject))

    def open(self, subject: SubjectKey, sealed: bytes) -> GateCode:
        """Return the sealed code. Raises `PermanentError` for one that was changed, or moved from another subject."""
        text = _open(self._seal, sealed, _name(subject))
        if text is None:
            raise PermanentError("a sealed gate code was changed in the database, or is another tenant's")
        return GateCode(text.decode())

    def seal_item(self, site: SiteKey, key: str, item: bytes) -> bytes:
        """Return what an adapter keeps under `key` as only this key opens it, and only there."""
        return _seal(self._shelf, item, _place(site, key))

    def open_item(self, site: SiteKey, key: str, sealed: bytes) -> bytes:
        """Return the sealed item. Raises `PermanentError` for one that was changed, or moved from another place."""
        item = _open(self._shelf, sealed, _place(site, key))
        if item is None:
            raise PermanentError("a sealed item of a shelf was changed in the database, or is from another place")
        return item

    def fingerprint(self, subject: SubjectKey, code: GateCode) -> bytes:
        """Return what is equal for equal codes at one site, and tells nothing without the key."""
        text = json.dumps([subject.connection, subject.site, code.reveal()])
        return hmac.digest(self._compare, text.encode(), "sha256")

    def check_value(self) -> str:
        """Return what a database keeps to recognise its key."""
        return self._check


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"gatebridge/" + purpose).derive(key.encode())


def _seal(key: AESGCM, text: bytes, place: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_LENGTH)
    return _FORMAT + nonce + key.encrypt(nonce, text, place)


def _open(key: AESGCM, sealed: bytes, place: bytes) -> bytes | None:
    """Return the text, or None where this key did not seal it for this place."""
    nonce, rest = sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
    if sealed[:1] != _FORMAT or len(nonce) != _NONCE_LENGTH:
        raise PermanentError("what is sealed in the database is in no known form")
    try:
        return key.decrypt(nonce, rest, place)
    except InvalidTag:
        return None


def _name(subject: SubjectKey) -> bytes:
    return json.dumps([subject.connection, subject.site, subject.tenant]).encode()


def _place(site: SiteKey, key: str) -> bytes:
    return json.dumps([*site, key]).encode()
