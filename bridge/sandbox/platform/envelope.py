"""What a delivery's body looks like, and how it is signed (reference, sections 2.2 and 2.3)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from bridge.domain.credential import Secret
from bridge.sandbox.platform.clock import stamp
from bridge.sandbox.platform.event import Event, EventType
from bridge.sandbox.platform.settings import Hook, PlatformSettings, Variant


def names_job(event: Event, variant: Variant) -> bool:
    """Tell whether a body of this variant names a job in place of the rentals."""
    return (event.type.is_job and variant is not Variant.ADDON) or (event.type.is_rental and variant is Variant.LEGACY)


def render(event: Event, event_id: str, hook: Hook, settings: PlatformSettings, job_id: str | None) -> bytes:
    """Return the body for `hook`, as JavaScript would serialise it: compact, UTF-8, nothing escaped."""
    body: dict[str, Any] = {"id": event_id}
    if hook.has_created:
        body["created"] = stamp(event.created)
    body |= {"type": event.type, "data": _data(event, hook.variant, job_id)}
    match hook.variant:
        case Variant.LEGACY:
            pass
        case Variant.PLAIN:
            body["businessCode"] = settings.business_code
        case Variant.PLAIN_WITH_URL:
            body |= {"businessCode": settings.business_code, "apiUrl": settings.api_url}
        case Variant.ADDON:
            body |= {"apiUrl": settings.api_url, "addonId": hook.addon_id}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def sign(secret: Secret, body: bytes) -> str:
    """Return the `sg-signature` of exactly these bytes."""
    digest = hmac.new(secret.reveal().encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _data(event: Event, variant: Variant, job_id: str | None) -> Mapping[str, Any]:
    if names_job(event, variant):
        return {"jobId": job_id}
    if event.type is EventType.TRANSFER_COMPLETED:
        return {"oldRentalId": event.rental_ids[0], "newRentalId": event.rental_ids[-1]}
    if event.type.is_job:
        return {"unitRentalId": event.rental_ids[0]}
    data: dict[str, Any] = {}
    if len(event.rental_ids) > 1:
        data["unitRentalIds"] = list(event.rental_ids)
    elif event.rental_ids:
        data["unitRentalId"] = event.rental_ids[0]
    if event.unit_id is not None:
        data["unitId"] = event.unit_id
    if event.user_id is not None:
        data["userId"] = event.user_id
    if event.changed_keys is not None:
        data["changedKeys"] = list(event.changed_keys)
    return data
