"""The admin API: the part of it that the reference documents and a bridge needs (section 5)."""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.sandbox.platform.body import custom_fields, day, read_object, text
from bridge.sandbox.platform.errors import BadRequest, NotFound
from bridge.sandbox.platform.query import read_include, read_query
from bridge.sandbox.platform.records import JobData, UnitState
from bridge.sandbox.platform.settings import PlatformSettings
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

LISTS = frozenset({"unit-rentals", "units", "users", "sites"})


class AdminApi:
    """Reads and writes a world. A single object is bare, and so is a list: there is no total and no next page."""

    def __init__(self, world: World, settings: PlatformSettings) -> None:
        self._world = world
        self._books = world.books
        self._settings = settings

    def routes(self) -> list[Route]:
        return [
            Route("/unit-rentals", self.list_rentals),
            Route("/unit-rentals/{id}", self.get_rental),
            Route("/unit-rentals/{id}", self.put_rental, methods=["PUT"]),
            Route("/units", self.list_units),
            Route("/units/{id}", self.get_unit),
            Route("/units/{id}", self.put_unit, methods=["PUT"]),
            Route("/users", self.list_users),
            Route("/users/{id}", self.get_user),
            Route("/sites", self.list_sites),
            Route("/sites/{id}", self.get_site),
            Route("/jobs", self.post_job, methods=["POST"]),
            Route("/jobs/{id}", self.get_job),
            Route("/jobs/{id}/steps/{step}", self.put_step, methods=["PUT"]),
            Route("/addons/{id}", self.get_addon),
            Route("/settings", self.get_settings),
        ]

    async def list_rentals(self, request: Request) -> Response:
        query = read_query(request.query_params, self._settings)
        return _list(rental_shape(row, self._books, query.include) for row in query.page(self._books.rentals))

    async def get_rental(self, request: Request) -> Response:
        rental = self._books.rentals.get(request.path_params["id"])
        return JSONResponse(rental_shape(rental, self._books, read_include(request.query_params)))

    async def put_rental(self, request: Request) -> Response:
        body = await read_object(request)
        rental = self._world.edit_rental(
            request.path_params["id"], custom_fields(body), start_date=day(body, "startDate")
        )
        return JSONResponse(rental_shape(rental, self._books, read_include(request.query_params)))

    async def list_units(self, request: Request) -> Response:
        query = read_query(request.query_params, self._settings)
        return _list(unit_shape(row, self._books, query.include) for row in query.page(self._books.units))

    async def get_unit(self, request: Request) -> Response:
        unit = self._books.units.get(request.path_params["id"])
        return JSONResponse(unit_shape(unit, self._books, read_include(request.query_params)))

    async def put_unit(self, request: Request) -> Response:
        unit = self._world.edit_unit(request.path_params["id"], custom_fields(await read_object(request)))
        return JSONResponse(unit_shape(unit, self._books, read_include(request.query_params)))

    async def list_users(self, request: Request) -> Response:
        query = read_query(request.query_params, self._settings)
        return _list(user_shape(row, query.include) for row in query.page(self._books.users))

    async def get_user(self, request: Request) -> Response:
        """Answer for an id or an e-mail address."""
        asked = request.path_params["id"]
        user = next((user for user in self._books.users if asked in {user.id, user.email}), None)
        if user is None:
            raise NotFound("user not found")
        return JSONResponse(user_shape(user, read_include(request.query_params)))

    async def list_sites(self, request: Request) -> Response:
        query = read_query(request.query_params, self._settings)
        return _list(site_shape(row, self._books, query.include) for row in query.page(self._books.sites))

    async def get_site(self, request: Request) -> Response:
        """Answer for an id or a code."""
        asked = request.path_params["id"]
        site = next((site for site in self._books.sites if asked in {site.id, site.code}), None)
        if site is None:
            raise NotFound("site not found")
        return JSONResponse(site_shape(site, self._books, read_include(request.query_params)))

    async def get_job(self, request: Request) -> Response:
        return JSONResponse(job_shape(self._books.jobs.get(request.path_params["id"])))

    async def post_job(self, request: Request) -> Response:
        """Put a task before staff; no other kind of job is documented to be made this way."""
        body = await read_object(request)
        data = body.get("data")
        if body.get("type") != "task" or not isinstance(data, dict):
            raise BadRequest("only a task with its data can be made")
        job = self._world.raise_task(_task(data))
        return JSONResponse(job_shape(job))

    async def put_step(self, request: Request) -> Response:
        body = await read_object(request)
        if body.get("state") != "completed":
            raise BadRequest("a step can only be completed")
        job_id, step_id = request.path_params["id"], request.path_params["step"]
        return JSONResponse(job_shape(self._world.complete_step(job_id, step_id, read_unit_state(body))))

    async def get_addon(self, request: Request) -> Response:
        return JSONResponse(addon_shape(self._books.addons.get(request.path_params["id"])))

    async def get_settings(self, request: Request) -> Response:
        """Answer with the little that proves a key; the platform's own shape is not known."""
        del request
        return JSONResponse({"businessCode": self._settings.business_code})


def read_unit_state(body: dict[str, Any]) -> UnitState | None:
    """Return `nextUnitState`, None where it is absent. Raises `BadRequest`."""
    word = body.get("nextUnitState")
    if word is None:
        return None
    try:
        return UnitState(word)
    except ValueError:
        raise BadRequest("nextUnitState is available or blocked") from None


def _task(data: dict[str, Any]) -> JobData:
    target_type = text(data, "targetType")
    if target_type not in {"unit", "user", "addon"}:
        raise BadRequest("targetType is unit, user or addon")
    return JobData(
        target_type=target_type,
        target_id=text(data, "targetId"),
        title=text(data, "title"),
        desc=text(data, "desc", ""),
    )


def _list(shapes: Iterable[Shape]) -> JSONResponse:
    return JSONResponse(list(shapes))
