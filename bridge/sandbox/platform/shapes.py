"""What the platform's objects look like in an answer (reference, section 4)."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from bridge.sandbox.platform.books import Books
from bridge.sandbox.platform.clock import stamp
from bridge.sandbox.platform.query import CUSTOM_FIELDS, OWNER, UNIT
from bridge.sandbox.platform.records import Addon, Job, JobData, JobResult, Rental, Site, Step, Unit, UnitState, User

Shape = dict[str, Any]


def rental_shape(rental: Rental, books: Books, include: Collection[str]) -> Shape:
    """Return the rental; unit, owner and custom fields, theirs too, only where `include` names them."""
    shape: Shape = {
        "id": rental.id,
        "unitId": rental.unit_id,
        "siteId": rental.site_id,
        "ownerId": rental.owner_id,
        "state": rental.state,
        "startDate": rental.start_date.isoformat(),
        "price": rental.price,
        "deposit": rental.price,
        "depositBalance": rental.price,
        "prepaymentBalance": 0,
        "revenueBalance": 0,
        "invoiceDate": rental.start_date.day,
        "charges": [],
        "systemCharges": {"unitDeposit": {}, "unitRent": {}},
        **_stamps(rental.created, rental.updated),
    }
    shape |= _present(
        {
            "endDate": rental.end_date,
            "overdue": rental.overdue,
            "moveInJobId": rental.move_in_job_id,
            "moveOutJobId": rental.move_out_job_id,
        }
    )
    if CUSTOM_FIELDS in include:
        shape["customFields"] = dict(rental.custom_fields)
    if UNIT in include:
        shape["unit"] = unit_shape(books.units.get(rental.unit_id), books, include)
    if OWNER in include:
        shape["owner"] = user_shape(books.users.get(rental.owner_id), include)
    return shape


def unit_shape(unit: Unit, books: Books, include: Collection[str]) -> Shape:
    shape: Shape = {
        "id": unit.id,
        "siteId": unit.site_id,
        "typeId": books.unit_type_id,
        "name": unit.name,
        "state": unit.state,
        "length": 3,
        "width": 2,
        "height": 2.6,
        "measure": "m",
        "floor": "1",
        "defaultDeposit": unit.price,
        "defaultPrice": unit.price,
        "featureIds": [],
        "blockedReason": unit.blocked_reason,
        "labels": [],
        **_stamps(unit.created, unit.updated),
        **_present({"ownerId": unit.owner_id, "rentalId": unit.rental_id}),
    }
    if CUSTOM_FIELDS in include:
        shape["customFields"] = dict(unit.custom_fields)
    return shape


def user_shape(user: User, include: Collection[str]) -> Shape:
    shape: Shape = {
        "id": user.id,
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "name": user.name,
        "phone": user.phone,
        "language": "en",
        "isActive": True,
        "roles": [],
        "permissions": [],
        "labels": [],
        "billingMethod": "default",
        "billingTrigger": "auto",
        **_stamps(user.created, user.updated),
        **_present({"overdue": user.overdue}),
    }
    if CUSTOM_FIELDS in include:
        shape["customFields"] = dict(user.custom_fields)
    return shape


def site_shape(site: Site, books: Books, include: Collection[str]) -> Shape:
    units = [unit for unit in books.units if unit.site_id == site.id]
    counts = {state.value: sum(unit.state is state for unit in units) for state in UnitState}
    overdue = sum(rental.overdue is not None for rental in books.rentals if rental.site_id == site.id)
    shape: Shape = {
        "id": site.id,
        "code": site.code,
        "title": {"en": site.title},
        "occupancy": {**counts, "overdue": overdue},
        **_stamps(site.created, site.updated),
    }
    if CUSTOM_FIELDS in include:
        shape["customFields"] = dict(site.custom_fields)
    return shape


def addon_shape(addon: Addon) -> Shape:
    """Return the installation; its settings are what it is asked for, so they need no `include`."""
    return {"id": addon.id, "siteId": addon.site_id, "customFields": dict(addon.custom_fields)}


def job_shape(job: Job) -> Shape:
    return {
        "id": job.id,
        "type": job.type,
        "state": job.state,
        "ownerId": job.owner_id,
        "data": _words(job.data),
        "steps": [_step(step) for step in job.steps],
        "result": _words(job.result),
        **_stamps(job.created, job.updated),
        **_present({"step": job.step}),
    }


def _step(step: Step) -> Shape:
    shape: Shape = {"id": step.id, "type": step.type, "state": step.state}
    if step.completed_at is not None:
        shape["completedAt"] = stamp(step.completed_at)
    if step.result is not None:
        shape["result"] = _words(step.result)
    return shape


def _words(part: JobData | JobResult) -> Shape:
    return _present({_camel(field.name): getattr(part, field.name) for field in fields(part)})


def _present(values: Mapping[str, Any]) -> Shape:
    """Return what is there, in JSON's types: a thing that is not set is not in the answer."""
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _stamps(created: datetime, updated: datetime) -> Shape:
    return {"created": stamp(created), "updated": stamp(updated)}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
