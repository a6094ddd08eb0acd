"""Others' words about a tenant, fit for an error: what they may repeat of name, address and code is blotted out."""

import re
from collections.abc import Collection
from typing import Final

from bridge.domain.errors import inert
from bridge.domain.tenancy import Tenant

MAX_SAID: Final = 160
MIN_PREFIX: Final = 3
"""Letters from which on the beginning of a private word is one: names are cut short by vendors."""
_WORD: Final = re.compile(r"[^\W_]{2,}|[^\x00-\x7f\W_]")
"""Two letters or digits and more; outside of ASCII one, since it may be a whole name."""
MIN_INSIDE: Final = 4
"""Letters from which on a private word is masked inside of others too."""
_CODE_LIKE: Final = re.compile(r"\d(?:[\s.\-]?\d){3,}")


def words_of(*texts: str | None) -> frozenset[str]:
    """Return the words of some texts, in the form in which `blotted` compares them."""
    return frozenset(word.casefold() for text in texts if text for word in _WORD.findall(text))


def private_words(tenant: Tenant) -> frozenset[str]:
    """Return what must not be told of a tenant: each word of name, e-mail and phone, and its beginnings."""
    words = words_of(tenant.name, tenant.email, tenant.phone)
    return words | {word[:size] for word in words for size in range(MIN_PREFIX, len(word))}


def blotted(text: str, private: Collection[str], limit: int = MAX_SAID) -> str:
    """Return `text` as one inert line, with `#` for each private word and for all that looks like a code.

    Rather too much is masked than too little: the line is for operators, who have the vendor's console.
    """
    masked = _WORD.sub(lambda found: "#" if found[0].casefold() in private else found[0], text)
    inside = sorted((word for word in private if len(word) >= MIN_INSIDE or not word.isascii()), key=len, reverse=True)
    if inside:
        masked = re.sub("|".join(map(re.escape, inside)), "#", masked, flags=re.IGNORECASE)
    return inert(_CODE_LIKE.sub("#", masked), limit)
