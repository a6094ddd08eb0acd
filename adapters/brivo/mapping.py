"""Brivo's words and ours, by table and pure functions."""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any, Final

from adapters.brivo.options import BrivoOptions
from adapters.brivo.wire import WireError, is_brivo_id
from bridge.sdk import (
    BridgeError,
    Capabilities,
    CodeRules,
    Conflict,
    GateCode,
    Ref,
    Rejected,
    SuspendScope,
    Tenant,
    blotted,
    inert,
)

MAX_NAME: Final = 35
MAX_CONTACT: Final = 120
FALLBACK_NAME: Final = "Tenant"
HASH_LENGTH: Final = 20

REFUSALS: Final[Mapping[str, type[BridgeError]]] = {"duplicate credential": Conflict}
"""What a message holds, in lower case, and what it means; all others are `Rejected`."""


def capabilities_of(options: BrivoOptions) -> Capabilities:
    return Capabilities(
        code_rules=CodeRules(min_length=options.code_length, max_length=options.code_length),
        suspends=SuspendScope.PERSON,
    )


def external_id(key: str, length: int) -> str:
    """Return the mark of a person at Brivo: their key, or where that is longer, its beginning and a hash of it all."""
    if len(key) <= length:
        return key
    return f"{key[: length - HASH_LENGTH - 1]}~{sha256(key.encode()).hexdigest()[:HASH_LENGTH]}"


def new_user(tenant: Tenant, mark: str, code: GateCode, contact_type: str) -> Mapping[str, Any]:
    return with_profile({"externalId": mark, "pin": code.reveal()}, tenant, contact_type)


def with_code(whole: Mapping[str, Any], code: GateCode) -> Mapping[str, Any]:
    return {**whole, "pin": code.reveal()}


def with_profile(whole: Mapping[str, Any], tenant: Tenant, contact_type: str) -> Mapping[str, Any]:
    """Return the user with the tenant's name, e-mail and phone; all else stays as it is."""
    changed = {**whole, **_names(tenant.name)}
    if contact_type:
        _put_contact(changed, "emails", "address", tenant.email, contact_type)
        _put_contact(changed, "phoneNumbers", "number", tenant.phone, contact_type)
    return changed


def _names(name: str) -> Mapping[str, str]:
    first, _, last = inert(name).rpartition(" ")
    return {
        "firstName": inert(first, MAX_NAME) or FALLBACK_NAME,
        "lastName": inert(last, MAX_NAME) or FALLBACK_NAME,
    }


def _put_contact(user: dict[str, Any], field: str, key: str, text: str | None, contact_type: str) -> None:
    """Set, change or take away the first entry of our type: staff's own entries of other types are not ours."""
    given = user.get(field)
    entries = list(given) if isinstance(given, list) else []
    place = next((n for n, entry in enumerate(entries) if _has_type(entry, contact_type)), None)
    value = "" if text is None or len(text) > MAX_CONTACT else inert(text, MAX_CONTACT)
    if place is None and not value:
        return
    if place is None:
        entries.append({key: value, "type": contact_type})
    elif value:
        entries[place] = {**entries[place], key: value}
    else:
        del entries[place]
    user[field] = entries


def _has_type(entry: Any, contact_type: str) -> bool:
    return isinstance(entry, dict) and str(entry.get("type")).casefold() == contact_type.casefold()


def refusal(status: int, error: WireError | None, private: Collection[str]) -> BridgeError:
    """Return what a refusal means. `private` and all that looks like a code is blotted out of Brivo's text."""
    if error is None:
        return Rejected(f"Brivo refused it ({status}) without saying why in its own form")
    kind = next((kind for words, kind in REFUSALS.items() if words in error.message.casefold()), Rejected)
    return kind(f"Brivo refused it: {status} ({blotted(f'{error.code}: {error.message}', private)})")


def make_ref(user: str, groups: Mapping[str, str]) -> Ref:
    """Return what to keep: the user's id, and which group each target meant."""
    return {"user": user, "groups": dict(groups)} if groups else {"user": user}


def kept_user(ref: Ref | None) -> str | None:
    user = None if ref is None else ref.get("user")
    return user if isinstance(user, str) and is_brivo_id(user) else None


def kept_groups(ref: Ref | None) -> Mapping[str, str]:
    groups = None if ref is None else ref.get("groups")
    if not isinstance(groups, Mapping):
        return {}
    return {name: id_ for name, id_ in groups.items() if isinstance(id_, str) and is_brivo_id(id_)}
