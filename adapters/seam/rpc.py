"""Seam's way of talking, for every adapter that goes through Seam: POST with JSON, and errors by their type.

Each of Seam's paths takes POST; its own libraries use other methods, which not every server of Seam's takes.
"""

from collections.abc import Collection, Mapping
from copy import copy
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, StrictBool, StrictStr

from adapters.seam.options import SeamOptions
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    BridgeError,
    Conflict,
    OutcomeUnknown,
    PrivateText,
    Rejected,
    Tenant,
    Unauthorized,
    WireModel,
    blotted,
    call,
    private_words,
    read_as,
)

PAGE: Final = 500
MAX_PAGES: Final = 100

REFUSALS: Final[Mapping[str, type[BridgeError]]] = {
    "duplicate_access_code": Conflict,
    "missing_workspace_id": Unauthorized,
}
"""What a type of error means, beside 401 and 403, which are `Unauthorized` whatever their type.

All others are `Rejected`; `..._not_found` has a meaning of its own in each call.
"""

_READABLE: Final = frozenset(range(400, 500)) - {408, 425, 429}
"""Refusals that Seam explains in its own form; the others are of the moment, whoever says them."""
_READABLE_BY_READS: Final = _READABLE - {409, 423}
_NOT_FOUND: Final = 404
_REFUSED_KEY: Final = frozenset({401, 403})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class _Reply(WireModel):
    model_config = ConfigDict(extra="allow")

    ok: StrictBool

    def __repr__(self) -> str:
        return f"_Reply(ok={self.ok})"


class SeamError(WireModel):
    """Why something was refused, or failed later."""

    type: Annotated[str, BeforeValidator(_text)] = ""
    message: Annotated[PrivateText, BeforeValidator(_text)] = ""


class _Pagination(WireModel):
    has_next_page: StrictBool | None = None
    next_page_cursor: StrictStr | None = None


def _error_of(body: Any) -> SeamError:
    error = body.get("error") if isinstance(body, dict) else None
    return SeamError.model_validate(error) if isinstance(error, dict) else SeamError()


def _items(answer: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    items = answer.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Anomaly(f"{key}: the answer is not as documented")
    return items


class SeamRpc:
    """One workspace. A path is as in Seam's documents, `/access_codes/list`; a body goes as JSON."""

    def __init__(self, options: SeamOptions, context: AdapterContext) -> None:
        self._client = context.client_for(options.url)
        self._headers = {"Authorization": f"Bearer {options.api_key.reveal()}"}
        if options.workspace is not None:
            self._headers["seam-workspace"] = options.workspace
        self._private: Collection[str] = ()

    def discreet(self, tenant: Tenant) -> "SeamRpc":
        """Return the same conversation, whose errors do not name this tenant, whatever Seam says."""
        rpc = copy(self)
        rpc._private = private_words(tenant)  # noqa: SLF001 - its own copy
        return rpc

    async def read(self, path: str, body: Mapping[str, Any], *, missing: Collection[str] = ()) -> Mapping[str, Any]:
        """Return an answer that changed nothing, or an empty one where a 404 is of a type in `missing`."""
        return await self._call(path, body, missing, is_read=True)

    async def write(self, path: str, body: Mapping[str, Any], *, missing: Collection[str] = ()) -> Mapping[str, Any]:
        """Have something done, or return an empty answer where a 404 is of a type in `missing`."""
        return await self._call(path, body, missing, is_read=False)

    async def pages(self, path: str, body: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        """Return all that is listed under `key`, a plural like `access_codes`, read to its end.

        An answer without word of further pages is the last one only if it is not full.
        """
        found: dict[str, Mapping[str, Any]] = {}
        cursors: set[str] = set()
        paged: dict[str, Any] = {**body, "limit": PAGE}
        for _ in range(MAX_PAGES):
            answer = await self.read(path, paged)
            items = _items(answer, key)
            self._take(found, items, key)
            page = read_as(_Pagination, answer.get("pagination") or {}, f"{key}: pages")
            if page.has_next_page is None and len(items) >= PAGE:
                raise Anomaly(f"{key}: Seam's listing is full, and does not say whether it goes on")
            if not page.has_next_page:
                return list(found.values())
            cursor = page.next_page_cursor
            if cursor is None or cursor in cursors:
                raise Anomaly(f"{key}: Seam's listing does not say where it goes on")
            cursors.add(cursor)
            paged["page_cursor"] = cursor
        raise Anomaly(f"{key}: Seam's listing does not end")

    def _take(self, found: dict[str, Mapping[str, Any]], items: list[Mapping[str, Any]], key: str) -> None:
        name = f"{key.removesuffix('s')}_id"
        for item in items:
            id_ = item.get(name)
            if not isinstance(id_, str) or not id_ or id_ in found:
                raise Anomaly(f"{key}: Seam listed something without an id of its own")
            found[id_] = item

    async def _call(
        self, path: str, body: Mapping[str, Any], missing: Collection[str], *, is_read: bool
    ) -> Mapping[str, Any]:
        accept = _READABLE_BY_READS if is_read else _READABLE
        answer = await call(
            self._client, "POST", path.lstrip("/"), json=body, headers=self._headers, accept=accept, is_read=is_read
        )
        error = _error_of(answer.body)
        if answer.status in _READABLE:
            if answer.status == _NOT_FOUND and error.type in missing:
                return {}
            raise self.refusal(path, error, answer.status)
        reply = read_as(_Reply, answer.body, path)
        if reply.ok and is_read and not reply.model_extra:
            raise Anomaly(f"{path}: Seam's success has nothing in it")
        if reply.ok:
            return reply.model_extra or {}
        if not error.type and not is_read:
            raise OutcomeUnknown(f"{path}: Seam says that it went wrong, and not what")
        raise self.refusal(path, error, answer.status)

    def refusal(self, path: str, error: SeamError, status: int = 200) -> BridgeError:
        """Return what an error of Seam's means, in words that tell nothing private."""
        kind = Unauthorized if status in _REFUSED_KEY else REFUSALS.get(error.type, Rejected)
        words = blotted(error.message, self._private)
        said = f" {blotted(error.type, self._private)}" if error.type else ""
        return kind(f"Seam refused {path}: {status}{said}{f' ({words})' if words else ''}")


__all__ = ["SeamError", "SeamOptions", "SeamRpc"]
