"""Seam's words about people, groups and codes, and ours, by table."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from adapters.seam_acs.options import MIN_CODE, Codes, SeamAcsOptions
from adapters.seam_acs.profile import AcsProfile
from adapters.seam_acs.wire import WireCredential, WireMutation, WireUser
from bridge.sdk import Capabilities, CodeMaker, CodeRules, GateCode, Ref, SuspendScope, Tenant, inert

MAX_NAME: Final = 60
MAX_CONTACT: Final = 120
NO_ZERO: Final = ("0",)

GONE_AT_THE_SYSTEM: Final = "deleted_externally"
NO_SEAT: Final = "salto_ks_subscription_limit_exceeded"
BEING_DELETED: Final = "being_deleted"
DELETING: Final = "deleting"
MEMBERSHIP: Final = "updating_group_membership"
OF_NO_DOOR: Final = frozenset({"updating_user_information"})
"""Mutations that change nothing at a door. All others, known or not, leave every door unsettled until they are over."""
USER_TROUBLE: Final = frozenset({"unknown_issue_with_acs_user"})
ACTIVE_USER_TROUBLE: Final = frozenset({"salto_ks_user_not_subscribed"})
"""Of somebody who should get in; of a suspended person it is how they are kept out."""
CODE_TROUBLE: Final = frozenset({"unknown_issue_with_acs_credential", "waiting_to_be_issued"})
"""Warnings under which a code may not work."""

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", re.ASCII)
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_MARKS: Final = re.compile(r"[\s().\-]")


def capabilities_of(options: SeamAcsOptions) -> Capabilities:
    lost = () if options.leading_zeros else NO_ZERO
    return Capabilities(
        code_rules=CodeRules(min_length=MIN_CODE, max_length=options.code_length, not_at_start=lost),
        reads_codes=options.shows_codes,
        code_maker=CodeMaker.VENDOR if options.codes is Codes.MADE else CodeMaker.BRIDGE,
        suspends=SuspendScope.PERSON,
    )


def profile_for(tenant: Tenant, *, contacts: bool) -> Mapping[str, str]:
    """Return how the system is told of the tenant; an e-mail or phone that Seam would refuse is left out."""
    profile = {"full_name": inert(tenant.name, MAX_NAME) or "Tenant"}
    if contacts and tenant.email is not None and len(tenant.email) <= MAX_CONTACT and _EMAIL.fullmatch(tenant.email):
        profile["email_address"] = tenant.email
    phone = _PHONE_MARKS.sub("", tenant.phone or "")
    if contacts and _PHONE.fullmatch(phone):
        profile["phone_number"] = phone
    return profile


def profile_shown(user: WireUser, fields: Collection[str]) -> Mapping[str, str | None]:
    """Return what Seam shows of the person, in the same words, of these fields only."""
    shown = {"full_name": user.full_name, "email_address": user.email_address, "phone_number": user.phone_number}
    return {name: value for name, value in shown.items() if name in fields}


def is_leaving(user: WireUser) -> bool:
    """Tell whether the person is being deleted."""
    return BEING_DELETED in user.warnings or any(one.mutation_code == DELETING for one in user.pending_mutations)


def is_husk(user: WireUser) -> bool:
    """Tell whether the person stands at Seam only: they were deleted in the system's own software."""
    return GONE_AT_THE_SYSTEM in user.errors


def alive(codes: Sequence[WireCredential]) -> list[WireCredential]:
    """Return the codes that are not being deleted."""
    return [one for one in codes if BEING_DELETED not in one.warnings]


def is_pending(user: WireUser) -> bool:
    """Tell whether something of the person is on its way that every door waits for."""
    return any(one.mutation_code not in OF_NO_DOOR | {MEMBERSHIP} for one in user.pending_mutations)


def moving(user: WireUser) -> frozenset[str]:
    """Return the groups that the person is on the way into or out of."""
    leaving = {one.before.acs_access_group_id for one in _moves(user)}
    return joining(user) | {id_ for id_ in leaving if id_}


def joining(user: WireUser) -> frozenset[str]:
    """Return the groups that the person is on the way into."""
    return frozenset(id_ for one in _moves(user) if (id_ := one.after.acs_access_group_id))


def _moves(user: WireUser) -> list[WireMutation]:
    return [one for one in user.pending_mutations if one.mutation_code == MEMBERSHIP]


def is_in_trouble(user: WireUser) -> bool:
    """Tell whether Seam reports an error, or a warning that can keep a door from doing as it is told."""
    warned = USER_TROUBLE if user.is_suspended else USER_TROUBLE | ACTIVE_USER_TROUBLE
    return bool(user.errors) or not warned.isdisjoint(user.warnings)


def is_in_force(code: WireCredential) -> bool:
    """Tell whether Seam reports nothing that can keep a code from working, or from being gone."""
    is_synced = code.is_latest_desired_state_synced_with_provider is not False
    return is_synced and not code.errors and not (CODE_TROUBLE | {BEING_DELETED}).intersection(code.warnings)


def known_code(profile: AcsProfile, codes: Sequence[WireCredential], ref: Ref | None) -> tuple[GateCode | None, bool]:
    """Return the code, None where Seam does not show it, and whether it is in doubt which one works.

    Where codes are hidden, the reference vouches for the one credential whose code is known.
    """
    if len(codes) != 1:
        return None, True
    (only,) = codes
    if profile.shows_codes:
        return only.code, only.code is None
    return None, ref is None or ref.get("code") != only.acs_credential_id


def make_ref(user: str, *, code: str | None = None, new: str | None = None) -> Ref:
    """Return what to keep: whose id, of which credential the code is known, and which one is being waited for."""
    kept = {"user": user, "code": code, "new": new}
    return {name: value for name, value in kept.items() if value is not None}
