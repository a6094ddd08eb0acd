"""The forms of Seam's calls: bodies, pages of a listing, refusals."""

from collections.abc import Mapping
from typing import Any, Final

MAX_PAGE: Final = 50
Body = Mapping[str, Any]


class Refusal(Exception):
    def __init__(self, status: int, type_: str, message: str) -> None:
        super().__init__(type_)
        self.status, self.type, self.message = status, type_, message


def required(body: Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal(400, "invalid_input", f"{name} is required")
    return value


def page(key: str, items: list[Body], body: Body) -> Body:
    start = int(body.get("page_cursor") or 0)
    end = start + min(int(body.get("limit") or MAX_PAGE), MAX_PAGE)
    more = end < len(items)
    pagination = {"has_next_page": more, "next_page_cursor": str(end) if more else None, "next_page_url": None}
    return {key: items[start:end], "pagination": pagination}
