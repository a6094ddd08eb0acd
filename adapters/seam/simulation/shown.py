"""How Seam shows its objects."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.seam.simulation.workspace import Code, Lock

WORKSPACE = "0d6a3c1e-7f28-4b9d-a5c4-2e8b6f1d0a77"


def shown_code(code: Code, status: str) -> Mapping[str, Any]:
    starts, ends = code.window or (None, None)
    return {
        "access_code_id": code.id,
        "device_id": code.device,
        "workspace_id": WORKSPACE,
        "name": code.name,
        "code": code.code,
        "common_code_key": None,
        "type": "ongoing" if code.window is None else "time_bound",
        "starts_at": _moment(starts),
        "ends_at": _moment(ends),
        "created_at": _moment(code.created),
        "status": status,
        "is_managed": code.is_managed,
        "is_backup": False,
        "is_backup_access_code_available": False,
        "is_external_modification_allowed": False,
        "is_offline_access_code": False,
        "is_one_time_use": False,
        "errors": [
            {"error_code": word, "message": "the lock did not take it", "is_access_code_error": True}
            for word in code.errors
        ],
        "warnings": [],
    }


def shown_lock(lock: Lock) -> Mapping[str, Any]:
    return {
        "device_id": lock.id,
        "device_type": "schlage_lock" if lock.takes_codes else "seam_relay",
        "display_name": lock.name,
        "can_program_online_access_codes": lock.takes_codes,
        "workspace_id": WORKSPACE,
        "is_managed": True,
        "properties": {
            "name": lock.name,
            "online": lock.online,
            "supported_code_lengths": list(lock.code_lengths),
            "max_active_codes_supported": lock.max_codes,
            "code_constraints": [{"constraint_type": word} for word in lock.constraints],
        },
        "errors": [{"error_code": word, "message": "", "is_device_error": True} for word in lock.errors],
        "warnings": [],
    }


def shown_attempt(action: str) -> Mapping[str, Any]:
    return {
        "action_attempt_id": "5c1e9a70-2d4b-4f86-b3a7-91d0c8e6f245",
        "action_type": action,
        "status": "pending",
        "result": None,
        "error": None,
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
