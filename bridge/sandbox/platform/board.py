"""What the page shows: the whole world at a glance, without gate codes unless somebody asks for them."""

from datetime import UTC, datetime
from itertools import islice
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.sandbox.platform.dials import clock_shape, sending_shape
from bridge.sandbox.platform.records import FieldValue, Rental, RentalState, Unit
from bridge.sandbox.platform.sender import Sender
from bridge.sandbox.platform.settings import PlatformSettings
from bridge.sandbox.platform.shapes import Shape
from bridge.sandbox.platform.world import World

DELIVERIES_SHOWN: Final = 40
ENDED_SHOWN: Final = 4
SHOW_CODES: Final = "show"
_OPT_OUT: Final = "NONE"


class Board:
    def __init__(self, world: World, sender: Sender, settings: PlatformSettings) -> None:
        self._books = world.books
        self._world = world
        self._sender = sender
        self._settings = settings

    def routes(self) -> list[Route]:
        return [Route("/board", self.get_board)]

    async def get_board(self, request: Request) -> Response:
        """Answer with everything; `codes=show` includes the gate codes that stand in the rentals' fields."""
        shows_codes = request.query_params.get("codes") == SHOW_CODES
        return JSONResponse(self.shape(shows_codes=shows_codes), headers={"cache-control": "no-store"})

    def shape(self, *, shows_codes: bool) -> Shape:
        units = sorted(self._books.units, key=lambda unit: (unit.site_id, unit.name))
        ended = sorted(
            (rental for rental in self._books.rentals if rental.state is RentalState.ENDED),
            key=lambda rental: rental.updated,
            reverse=True,
        )
        newest_first = reversed(tuple(self._sender.journal))
        return {
            "clock": clock_shape(self._world),
            "realNow": datetime.now(UTC).isoformat(),
            "hasGate": self._settings.gate_url is not None,
            "prefix": self._settings.field_prefix,
            "sites": [{"id": site.id, "title": site.title} for site in self._books.sites],
            "tenants": [{"id": user.id, "name": user.name} for user in self._books.users],
            "units": [self._unit(unit, shows_codes=shows_codes) for unit in units],
            "ended": [self._rental(rental, shows_codes=shows_codes) for rental in ended[:ENDED_SHOWN]],
            "doors": [door for unit in units if (door := self._door(unit)) is not None],
            "deliveries": [sending_shape(sending) for sending in islice(newest_first, DELIVERIES_SHOWN)],
        }

    def _unit(self, unit: Unit, *, shows_codes: bool) -> Shape:
        rental = None if unit.rental_id is None else self._books.rentals.get(unit.rental_id)
        return {
            "id": unit.id,
            "name": unit.name,
            "siteId": unit.site_id,
            "state": unit.state,
            "blockedReason": unit.blocked_reason,
            "target": _text(unit.custom_fields.get(f"{self._settings.field_prefix}_id")),
            "rental": None if rental is None else self._rental(rental, shows_codes=shows_codes),
        }

    def _rental(self, rental: Rental, *, shows_codes: bool) -> Shape:
        prefix, fields = self._settings.field_prefix, rental.custom_fields
        code = _text(fields.get(f"{prefix}_pinCode"))
        return {
            "id": rental.id,
            "unit": self._books.units.get(rental.unit_id).name,
            "tenant": self._books.users.get(rental.owner_id).name,
            "state": rental.state,
            "startDate": rental.start_date.isoformat(),
            "belongsToTransfer": rental.move_in_job_id is None,
            "overdue": rental.overdue is not None,
            "overlocked": fields.get(f"{prefix}_overlocked") is True,
            "status": _text(fields.get(f"{prefix}_status")),
            "hasCode": code is not None,
            "code": code if shows_codes else None,
            "moveOut": self._move_out_day(rental),
        }

    def _move_out_day(self, rental: Rental) -> str | None:
        if rental.move_out_job_id is None:
            return None
        job = self._books.jobs.get(rental.move_out_job_id)
        return job.data.date.isoformat() if job.state.is_alive and job.data.date is not None else None

    def _door(self, unit: Unit) -> Shape | None:
        target = _text(unit.custom_fields.get(f"{self._settings.field_prefix}_id"))
        if target is None or target == _OPT_OUT:
            return None
        site = self._books.sites.get(unit.site_id)
        return {"site": site.id, "siteTitle": site.title, "target": target}


def _text(value: FieldValue) -> str | None:
    return None if value is None or value == "" else str(value)
