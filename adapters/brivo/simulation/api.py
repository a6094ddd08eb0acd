"""The API's routes: users, groups and who is in them. All else is 596, as at Brivo."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Host, Mount, Route

from adapters.brivo.simulation.account import Account, Refused
from adapters.brivo.simulation.sign_in import Door, KeysOnly

USUAL_PAGE: Final = 20
NO_SUCH_CALL: Final = 596


class Api:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        return [
            Route("/users", self.list_users, methods=["GET"]),
            Route("/users", self.add, methods=["POST"]),
            Route("/users/{mark}/external", self.find, methods=["GET"]),
            Route("/users/{user:int}", self.replace, methods=["PUT"]),
            Route("/users/{user:int}", self.remove, methods=["DELETE"]),
            Route("/users/{user:int}/suspended", self.suspend, methods=["PUT"]),
            Route("/groups", self.list_groups, methods=["GET"]),
            Route("/groups/{group:int}/users", self.list_members, methods=["GET"]),
            Route("/groups/{group:int}/users/{user:int}", self.join, methods=["PUT"]),
            Route("/groups/{group:int}/users/{user:int}", self.leave, methods=["DELETE"]),
        ]

    async def list_users(self, request: Request) -> Response:
        return self._page(request, self._account.users.values())

    async def list_groups(self, request: Request) -> Response:
        return self._page(request, [{"id": id_, "name": name} for id_, name in self._account.groups.items()])

    async def list_members(self, request: Request) -> Response:
        members = self._account.members_of(request.path_params["group"])
        return self._page(request, [self._account.users[id_] for id_ in sorted(members)])

    async def find(self, request: Request) -> Response:
        return JSONResponse(self._account.marked(request.path_params["mark"]))

    async def add(self, request: Request) -> Response:
        return JSONResponse(self._account.add(await _body(request)))

    async def replace(self, request: Request) -> Response:
        return JSONResponse(self._account.replace(request.path_params["user"], await _body(request)))

    async def suspend(self, request: Request) -> Response:
        id_, suspended = request.path_params["user"], (await _body(request)).get("suspended")
        if not isinstance(suspended, bool):
            raise Refused(400, "suspended is true or false")
        self._account.suspend(id_, suspended=suspended)
        return JSONResponse({"id": id_, "suspended": suspended})

    async def remove(self, request: Request) -> Response:
        self._account.remove(request.path_params["user"])
        return Response(status_code=204)

    async def join(self, request: Request) -> Response:
        members = self._account.members_of(request.path_params["group"])
        members.add(self._account.user(request.path_params["user"])["id"])
        return Response(status_code=204)

    async def leave(self, request: Request) -> Response:
        members = self._account.members_of(request.path_params["group"])
        members.discard(self._account.user(request.path_params["user"])["id"])
        return Response(status_code=204)

    def _page(self, request: Request, items: Iterable[Mapping[str, Any]]) -> Response:
        everything = list(items)
        offset = int(request.query_params.get("offset", "0"))
        size = min(int(request.query_params.get("pageSize", str(USUAL_PAGE))), self._account.max_page)
        data = everything[offset : offset + size]
        return JSONResponse({"data": data, "offset": offset, "pageSize": size, "count": len(everything)})


def build(account: Account, door: Door, auth_host: str, api_host: str) -> Starlette:
    api = Mount("/v1/api", routes=Api(account).routes(), middleware=[Middleware(KeysOnly, door=door)])
    return Starlette(
        routes=[
            Host(auth_host, Starlette(routes=[Route("/oauth/token", door.sign_in, methods=["POST"])])),
            Host(api_host, Starlette(routes=[api], exception_handlers=HANDLERS)),
        ]
    )


async def _refused(_: Request, error: Exception) -> Response:
    status, message = (error.status, error.message) if isinstance(error, Refused) else (500, "Internal error")
    return JSONResponse({"code": status, "message": message}, status_code=status)


async def _no_such_call(_: Request, error: Exception) -> Response:
    del error
    return Response("<h1>596 Service Not Found</h1>", status_code=NO_SUCH_CALL, media_type="text/xml")


HANDLERS: Final[Mapping[Any, Any]] = {Refused: _refused, HTTPException: _no_such_call}


async def _body(request: Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise Refused(400, "The body is not an object")
    return body
