"""The control API for people and tests: what happens in the world (`/sandbox/...`, JSON, no key)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.sandbox.platform.api import read_unit_state
from bridge.sandbox.platform.billing import BatchForm
from bridge.sandbox.platform.body import custom_fields, day, read_object, switch, text, texts
from bridge.sandbox.platform.errors import BadRequest, NotFound
from bridge.sandbox.platform.query import CUSTOM_FIELDS
from bridge.sandbox.platform.records import Job, Rental, Unit, UnitState
from bridge.sandbox.platform.shapes import (
    Shape,
    addon_shape,
    job_shape,
    rental_shape,
    site_shape,
    unit_shape,
    user_shape,
)
from bridge.sandbox.platform.world import World

Act = Callable[[str, dict[str, Any]], Rental | Unit | Job]


class Control:
    """Does what staff and tenants do. Each answer is the object that came of it, with its custom fields."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rental_acts: Mapping[str, Act] = {
            "complete-move-in": lambda rental, _: world.complete_move_in(rental),
            "cancel-move-in": lambda rental, _: world.cancel_move_in(rental),
            "schedule-move-out": lambda rental, body: world.schedule_move_out(rental, day(body, "date")),
            "confirm-move-out": lambda rental, body: world.confirm_move_out(
                rental, read_unit_state(body) or UnitState.AVAILABLE
            ),
            "cancel-move-out": lambda rental, _: world.cancel_move_out(rental),
            "transfer": lambda rental, body: world.transfer(rental, text(body, "unitId"), day(body, "date")),
            "overdue": lambda rental, _: world.mark_overdue(rental),
            "pay": lambda rental, _: world.pay(rental),
            "owe": lambda rental, body: world.owe(rental, day(body, "due")),
            "edit": lambda rental, body: world.edit_rental(
                rental, custom_fields(body), start_date=day(body, "startDate")
            ),
        }
        self._unit_acts: Mapping[str, Act] = {
            "edit": lambda unit, body: world.edit_unit(unit, custom_fields(body)),
            "block": lambda unit, body: world.block_unit(unit, text(body, "reason", "")),
            "unblock": lambda unit, _: world.unblock_unit(unit),
        }

    def routes(self) -> list[Route]:
        makers: Mapping[str, Callable[[dict[str, Any]], Shape]] = {
            "sites": self._make_site,
            "units": self._make_unit,
            "tenants": self._make_tenant,
            "addons": self._make_addon,
            "move-ins": self._move_in,
            "overdue-batch": self._overdue_batch,
        }
        return [
            *(Route(f"/{name}", _posted(make), methods=["POST"]) for name, make in makers.items()),
            Route("/rentals/{id}/{act}", self._acting(self._rental_acts), methods=["POST"]),
            Route("/units/{id}/{act}", self._acting(self._unit_acts), methods=["POST"]),
        ]

    def _make_site(self, body: dict[str, Any]) -> Shape:
        site = self._world.create_site(code=text(body, "code"), title=text(body, "title"))
        return site_shape(site, self._world.books, {CUSTOM_FIELDS})

    def _make_unit(self, body: dict[str, Any]) -> Shape:
        unit = self._world.create_unit(text(body, "siteId"), text(body, "name"), fields=custom_fields(body))
        return self._show(unit)

    def _make_tenant(self, body: dict[str, Any]) -> Shape:
        tenant = self._world.create_tenant(
            first_name=text(body, "firstName"),
            last_name=text(body, "lastName"),
            email=text(body, "email"),
            phone=text(body, "phone", ""),
        )
        return user_shape(tenant, {CUSTOM_FIELDS})

    def _make_addon(self, body: dict[str, Any]) -> Shape:
        return addon_shape(self._world.create_addon(text(body, "siteId"), fields=custom_fields(body)))

    def _move_in(self, body: dict[str, Any]) -> Shape:
        rental = self._world.move_in(
            text(body, "tenantId"),
            text(body, "unitId"),
            day(body, "startDate"),
            auto_complete=switch(body, "autoComplete", default=True),
        )
        return self._show(rental)

    def _overdue_batch(self, body: dict[str, Any]) -> Shape:
        rentals = texts(body, "rentalIds")
        try:
            form = BatchForm(text(body, "form", BatchForm.EVENT_EACH))
        except ValueError:
            raise BadRequest(f"form is one of {', '.join(BatchForm)}") from None
        self._world.mark_overdue_batch(rentals, form)
        return {"marked": len(rentals)}

    def _acting(self, acts: Mapping[str, Act]) -> Callable[[Request], Awaitable[Response]]:
        async def act(request: Request) -> Response:
            body = await read_object(request)
            chosen = acts.get(request.path_params["act"])
            if chosen is None:
                raise NotFound(f"there are: {', '.join(sorted(acts))}")
            return JSONResponse(self._show(chosen(request.path_params["id"], body)))

        return act

    def _show(self, made: Rental | Unit | Job) -> Shape:
        match made:
            case Rental():
                return rental_shape(made, self._world.books, {CUSTOM_FIELDS})
            case Unit():
                return unit_shape(made, self._world.books, {CUSTOM_FIELDS})
            case Job():
                return job_shape(made)


def _posted(make: Callable[[dict[str, Any]], Shape]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return JSONResponse(make(await read_object(request)))

    return endpoint
