"""Salto's words and ours, by table."""

import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from adapters.salto_ks.options import AliasStyle, SaltoOptions
from adapters.salto_ks.wire import SiteUser, WireError
from bridge.sdk import (
    Anomaly,
    BridgeError,
    Capabilities,
    CodeMaker,
    CodeRules,
    EntryState,
    Rejected,
    SuspendScope,
    TargetId,
    Tenant,
    Unauthorized,
    blotted,
    inert,
    is_safe_target,
)

MAX_NAME: Final = 40
MAX_EMAIL: Final = 254
MARK_DIGITS: Final = 16
NO_NAME: Final = ("Storage", "Tenant")
"""First and last name of a tenant who has none, or none that can be printed."""

BAD_REQUEST: Final = 400
NOT_FOUND: Final = 404
BAD_ID: Final = "1100"
NO_PERMISSION: Final = "2203"
CODES: Final[Mapping[str, str]] = {
    BAD_ID: "1100, bad id or field",
    "1101": "1101, validation",
    "1102": "1102, OData",
    "2202": "2202, not found",
    NO_PERMISSION: "2203, no permission",
    "3102": "3102, one-time password",
}
STATUSES: Final[Mapping[int, type[BridgeError]]] = {401: Unauthorized, 403: Unauthorized}
"""What a refusal by this status is; all others are `Rejected`."""
STATUSES_WITHOUT_REASON: Final[Mapping[int, type[BridgeError]]] = {**STATUSES, NOT_FOUND: Anomaly}
OAUTH_WORDS: Final[Mapping[str, str]] = {
    "invalid_grant": "the username or the password is not right",
    "invalid_client": "client_id or client_secret is not right",
    "unauthorized_client": "the password grant is not enabled for this client: ask Salto",
    "unsupported_grant_type": "the password grant is not enabled for this client: ask Salto",
    "invalid_scope": "the client may not have the scope user_api.full_access: ask Salto",
}

_MARK: Final = re.compile(rf"(?:\(|^)(gb-[0-9a-f]{{{MARK_DIGITS}}})\)?$", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def capabilities_of(options: SaltoOptions) -> Capabilities:
    return Capabilities(
        code_rules=CodeRules(min_length=6, max_length=6),
        reads_codes=False,
        code_maker=CodeMaker.VENDOR,
        suspends=SuspendScope.PERSON,
        updates_person=options.updates_names,
    )


def mark_for(key: str) -> str:
    """Return what is in the alias of the person with this key and in nobody else's."""
    return f"gb-{hashlib.sha256(key.encode()).hexdigest()[:MARK_DIGITS]}"


def mark_in(alias: str) -> str | None:
    """Return the mark at the end of an alias. What comes before is the tenant's name, and proves nothing."""
    found = _MARK.search(alias.strip())
    return None if found is None else found[1]


def profile_for(key: str, tenant: Tenant, style: AliasStyle) -> Mapping[str, str]:
    """Return alias, first and last name, short and printable; none of them is ever empty."""
    name, mark = inert(tenant.name, MAX_NAME), mark_for(key)
    first, _, last = name.partition(" ")
    readable = name or " ".join(NO_NAME)
    return {
        "alias": mark if style is AliasStyle.MARK else f"{readable} ({mark})",
        "first_name": first or NO_NAME[0],
        "last_name": last or NO_NAME[1],
    }


def email_for(tenant: Tenant) -> str | None:
    """Return the e-mail to invite, or None for a text that is none: it is no reason to keep a tenant out."""
    email = tenant.email or ""
    return email if len(email) <= MAX_EMAIL and _EMAIL.fullmatch(email) and email.isprintable() else None


def profile_of(person: SiteUser) -> Mapping[str, str]:
    return {"alias": person.alias, "first_name": person.first_name, "last_name": person.last_name}


def entry_state(person: SiteUser) -> EntryState:
    return EntryState.SUSPENDED if person.is_suspended else EntryState.ACTIVE


def refusal(status: int, error: WireError | None, private: Collection[str]) -> BridgeError:
    """Return what a refused call means. `private` and all that looks like a PIN is blotted out of the vendor's text.

    A 404 that is not in Salto's own form may come from anything on the way: it proves nothing.
    """
    if error is None or not error.code:
        kind = STATUSES_WITHOUT_REASON.get(status, Rejected)
        return kind(f"Salto KS refused it: {status}, without a reason")
    code = CODES.get(error.code, "a code that is not documented")
    return STATUSES.get(status, Rejected)(f"Salto KS refused it: {status} ({code}) {blotted(error.text, private)}")


def is_group_missing(status: int, error: WireError | None) -> bool:
    """Tell whether a refusal says that there is no such access group, or could be none by this id."""
    code = "" if error is None else error.code
    return (status == NOT_FOUND and code != "") or (status == BAD_REQUEST and code == BAD_ID)


def filter_by_uid(site_uid: str) -> Mapping[str, Any]:
    """Return the query for one site. The uid is letters, digits and dashes, so nothing in it ends the quotes."""
    return {"$filter": f"site_uid eq '{site_uid}'"}


def check_target(target: TargetId) -> TargetId:
    """Return `target`. Raises `Rejected` for what could be no access group's id or name."""
    if not is_safe_target(target):
        raise Rejected("the unit's target cannot be an access group")
    return target
