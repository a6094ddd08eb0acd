"""Reading a JSON body that may be anything: strict, bounded before it is parsed, and with one error."""

import json
import math
import re
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 64
MAX_NUMBER_LENGTH: Final = 64
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_STRINGS: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_ONE_BRACKET_KIND: Final = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")


class UnreadableBody(ValueError):
    """`why` tells an operator what is wrong, and repeats nothing of the body."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def read_json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that `body` is, or raise `UnreadableBody`; nothing else is ever raised.

    Strict UTF-8 without a byte order mark, at most `MAX_DEPTH` levels, finite numbers of at most `MAX_NUMBER_LENGTH`
    characters, no lone surrogates.
    """
    if body.startswith(_BYTE_ORDER_MARK):
        raise UnreadableBody("the body begins with a byte order mark")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise UnreadableBody("the body is not UTF-8") from None
    if not text.strip():
        raise UnreadableBody("the body is empty")
    if _is_too_deep(body):
        raise UnreadableBody(f"the body is nested deeper than {MAX_DEPTH} levels, or its brackets do not match")
    value = _parse(text)
    if not isinstance(value, dict):
        raise UnreadableBody("the body is JSON, but no object")
    if "\\u" in text and _has_lone_surrogate(value):
        raise UnreadableBody("the body holds half of a surrogate pair")
    return value


def _is_too_deep(body: bytes) -> bool:
    """Tell whether brackets outside of strings nest too deep, in time linear in the body's length.

    Few brackets cannot nest deep. Where there are many, the innermost pairs are taken away, a level at a time.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    shape = _STRINGS.sub(b"", body).translate(_ONE_BRACKET_KIND, _NOT_BRACKETS)
    if b"[" * (MAX_DEPTH + 1) in shape:
        return True
    for _ in range(MAX_DEPTH):
        if not shape:
            return False
        shape = shape.replace(b"[]", b"")
    return bool(shape)


def _parse(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except UnreadableBody:
        raise
    except (ValueError, RecursionError):
        raise UnreadableBody("the body is not JSON") from None


def _has_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _refuse_constant(_: str) -> NoReturn:
    raise UnreadableBody("the body holds NaN or Infinity, which JSON does not have")


def _bounded_int(digits: str) -> int:
    if len(digits) > MAX_NUMBER_LENGTH:
        raise UnreadableBody("the body holds a number that is too long")
    return int(digits)


def _finite_float(digits: str) -> float:
    number = float(digits) if len(digits) <= MAX_NUMBER_LENGTH else math.inf
    if math.isinf(number):
        raise UnreadableBody("the body holds a number that is too long or too big")
    return number


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_bounded_int, parse_float=_finite_float)
