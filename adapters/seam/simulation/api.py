"""Seam's paths: POST with JSON, and answers with `ok`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from adapters.seam.simulation.shown import shown_attempt, shown_code, shown_lock
from adapters.seam.simulation.workspace import Code, Window, Workspace

MAX_PAGE: Final = 25
MIN_DIGITS, MAX_DIGITS = 4, 9

Answer = Mapping[str, Any]
Handler = Callable[[Mapping[str, Any]], Answer]


class Refusal(Exception):
    def __init__(self, status: int, type_: str, message: str) -> None:
        super().__init__(message)
        self.status, self.type, self.message = status, type_, message


def build_api(workspace: Workspace, key: str) -> ASGIApp:
    """Return the API of one workspace, for those who have its key."""
    paths = _Paths(workspace)
    handlers: Mapping[str, Handler] = {
        "/workspaces/get": paths.get_workspace,
        "/locks/list": paths.list_locks,
        "/access_codes/list": paths.list_codes,
        "/access_codes/get": paths.get_code,
        "/access_codes/create": paths.create_code,
        "/access_codes/update": paths.update_code,
        "/access_codes/delete": paths.delete_code,
    }
    routes = [Route(path, _endpoint(handler, key), methods=["POST"]) for path, handler in handlers.items()]
    return Starlette(routes=routes, exception_handlers={404: _nowhere})


def _endpoint(handler: Handler, key: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            _admit(request, key)
            return JSONResponse({**handler(await request.json()), "ok": True})
        except Refusal as no:
            error = {"type": no.type, "message": no.message}
            return JSONResponse({"error": error, "ok": False}, status_code=no.status)

    return endpoint


def _admit(request: Request, key: str) -> None:
    if request.headers.get("authorization") != f"Bearer {key}":
        raise Refusal(401, "unauthorized", "the API key is not valid")


async def _nowhere(request: Request, error: Exception) -> Response:
    del request, error
    return PlainTextResponse("404", status_code=404)


class _Paths:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def get_workspace(self, body: Mapping[str, Any]) -> Answer:
        del body
        return {"workspace": {"name": "Lakeside Storage", "is_sandbox": False, "is_suspended": False}}

    def list_locks(self, body: Mapping[str, Any]) -> Answer:
        del body
        locks = [shown_lock(lock) for lock in self._workspace.locks.values()]
        return {"devices": locks, "locks": locks}

    def list_codes(self, body: Mapping[str, Any]) -> Answer:
        device = body.get("device_id")
        if not device:
            raise Refusal(400, "invalid_input", "specify device_id or access_code_ids")
        if device not in self._workspace.locks:
            raise Refusal(404, "device_not_found", "the device does not exist")
        if not self._workspace.locks[device].takes_codes:
            raise Refusal(400, "device_does_not_support_access_codes", "the device takes no codes")
        codes = [code for code in self._workspace.codes_at(device) if code.is_managed]
        return self._page(codes, body)

    def get_code(self, body: Mapping[str, Any]) -> Answer:
        return {"access_code": self._shown(self._existing(body, "not_found"))}

    def create_code(self, body: Mapping[str, Any]) -> Answer:
        device, name, digits = str(body.get("device_id")), body.get("name", ""), _digits(body.get("code"))
        if device not in self._workspace.locks:
            raise Refusal(404, "device_not_found", "the device does not exist")
        if not self._workspace.locks[device].takes_codes:
            raise Refusal(400, "device_does_not_support_access_codes", "the device takes no codes")
        if self._workspace.is_taken(device, digits):
            raise Refusal(409, "duplicate_access_code", f"Cannot set duplicate access code {digits} named {name}")
        code = self._workspace.make(device, name, digits, self._window(body, None))
        return {"access_code": self._shown(code), "action_attempt": shown_attempt("CREATE_ACCESS_CODE")}

    def update_code(self, body: Mapping[str, Any]) -> Answer:
        code = self._existing(body)
        if code.is_deleted:
            raise Refusal(404, "access_code_not_found", "the code is being deleted")
        digits = _digits(body["code"]) if "code" in body else None
        if digits is not None and self._workspace.is_taken(code.device, digits, other_than=code):
            raise Refusal(409, "duplicate_access_code", f"Cannot set duplicate access code {digits} named {code.name}")
        window = self._window(body, code.window)
        self._workspace.change(code, name=body.get("name"), digits=digits, window=window)
        return {"action_attempt": shown_attempt("UPDATE_ACCESS_CODE")}

    def delete_code(self, body: Mapping[str, Any]) -> Answer:
        self._workspace.delete(self._existing(body))
        return {"action_attempt": shown_attempt("DELETE_ACCESS_CODE")}

    def _existing(self, body: Mapping[str, Any], word: str = "access_code_not_found") -> Code:
        code = self._workspace.find(body.get("access_code_id", ""))
        if code is None or not code.is_managed:
            raise Refusal(404, word, "the code does not exist")
        return code

    def _shown(self, code: Code) -> Answer:
        return shown_code(code, self._workspace.status_of(code))

    def _window(self, body: Mapping[str, Any], kept: Window | None) -> Window | None:
        if body.get("type") == "ongoing":
            return None
        if "starts_at" not in body and "ends_at" not in body:
            return kept
        starts, ends = (datetime.fromisoformat(body[name]) for name in ("starts_at", "ends_at"))
        if ends <= starts or ends <= self._workspace.now:
            raise Refusal(400, "invalid_input", "ends_at must be in the future and after starts_at")
        return starts, ends

    def _page(self, codes: Sequence[Code], body: Mapping[str, Any]) -> Answer:
        first = int(str(body.get("page_cursor") or "after:0").removeprefix("after:"))
        size = min(int(body.get("limit", MAX_PAGE)), MAX_PAGE)
        rest = codes[first + size :]
        cursor = f"after:{first + size}" if rest else None
        pagination = {"has_next_page": bool(rest), "next_page_cursor": cursor, "next_page_url": None}
        return {"access_codes": [self._shown(code) for code in codes[first : first + size]], "pagination": pagination}


def _digits(code: Any) -> str:
    if not isinstance(code, str) or not (MIN_DIGITS <= len(code) <= MAX_DIGITS and code.isdigit()):
        raise Refusal(400, "invalid_input", "code must have 4 to 9 digits")
    return code
