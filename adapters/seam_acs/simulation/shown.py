"""How Seam shows what is in an access system, with the fields of its documents and word of what is still on its way."""

from collections.abc import Mapping
from typing import Any

from adapters.seam_acs.simulation.system import Credential, Doors, Group, Identity, System, User


def shown_identity(identity: Identity) -> Mapping[str, Any]:
    return {"user_identity_id": identity.id, "user_identity_key": identity.key, "full_name": None}


def shown_system(system: System, id_: str) -> Mapping[str, Any]:
    managed = [user for user in system.users.values() if user.is_managed]
    errors = [{"error_code": "salto_ks_subscription_limit_exceeded"}] if system.is_full else []
    return {
        "acs_system_id": id_,
        "name": "Lakeside",
        "external_type": system.brand.external_type,
        "acs_user_count": len(managed),
        "acs_access_group_count": len(system.groups),
        "errors": errors,
        "warnings": [],
    }


def shown_group(group: Group, system_id: str) -> Mapping[str, Any]:
    return {
        "acs_access_group_id": group.id,
        "acs_system_id": system_id,
        "name": group.name,
        "display_name": group.name,
        "external_type": group.type,
        "is_managed": True,
        "warnings": [],
    }


def shown_user(system: System, user: User, system_id: str) -> Mapping[str, Any]:
    contact = {"email_address": user.email, "phone_number": user.phone, "user_identity_id": user.identity}
    return {
        "acs_user_id": user.id,
        "acs_system_id": system_id,
        "full_name": user.name,
        "display_name": user.name,
        "is_suspended": user.suspended,
        "is_managed": True,
        "created_at": user.at.isoformat(),
        "errors": [{"error_code": user.error, "message": "?"}] if user.error else [],
        "warnings": [{"warning_code": "being_deleted", "message": "?"}] if user.deleted else [],
        "pending_mutations": _mutations(system, user),
        **{name: value for name, value in contact.items() if value is not None},
    }


def shown_credential(
    system: System, credential: Credential, system_id: str, *, is_new: bool = False
) -> Mapping[str, Any]:
    """A code that the system makes is told once it is there; where codes are masked, with its making only."""
    known = system.at_the_doors(credential.user)
    is_there = known is not None and credential.code in known.codes
    is_told = (is_there or not system.brand.makes_codes) and (is_new or not system.brand.masks_codes)
    return {
        "acs_credential_id": credential.id,
        "acs_user_id": credential.user,
        "acs_system_id": system_id,
        "access_method": credential.method,
        "display_name": "Code",
        "code": credential.code if is_told else None,
        "is_latest_desired_state_synced_with_provider": is_there and not credential.deleted,
        "errors": [],
        "warnings": [{"warning_code": "being_deleted", "message": "?"}] if credential.deleted else [],
    }


def _mutations(system: System, user: User) -> list[Mapping[str, Any]]:
    known, told = system.at_the_doors(user.id), system.told(user)
    if user.deleted:
        return [{"mutation_code": "deleting", "created_at": "?", "message": "?"}]
    if known is None:
        return [{"mutation_code": "creating", "created_at": "?", "message": "?"}]
    return [*_suspension(known, told), *_memberships(known, told)]


def _suspension(known: Doors, told: Doors) -> list[Mapping[str, Any]]:
    if known.suspended is told.suspended:
        return []
    change = {"from": {"is_suspended": known.suspended}, "to": {"is_suspended": told.suspended}}
    return [{"mutation_code": "updating_suspension_state", **change}]


def _memberships(known: Doors, told: Doors) -> list[Mapping[str, Any]]:
    changes: list[tuple[str | None, str | None]] = [(None, group) for group in told.groups - known.groups]
    changes += [(group, None) for group in known.groups - told.groups]
    return [
        {
            "mutation_code": "updating_group_membership",
            "from": {"acs_access_group_id": old},
            "to": {"acs_access_group_id": new},
        }
        for old, new in changes
    ]
