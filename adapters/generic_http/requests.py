"""The requests that an operator writes: each a template, and what its answers mean."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from adapters.generic_http.paths import parse_path
from adapters.generic_http.signs import Sign, Signs, Verdict
from adapters.generic_http.templates import check_body, parse_path_template, parse_text
from bridge.sdk import Options


class Method(StrEnum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class PagingKind(StrEnum):
    NONE = "none"
    OFFSET = "offset"
    PAGE = "page"
    CURSOR = "cursor"


class Empty(StrEnum):
    """What a listing without anybody at all proves."""

    NOBODY = "nobody"
    NOTHING = "nothing"


class Others(StrEnum):
    """What it means when a look-up by the mark, or by an id that the bridge was told, shows somebody else."""

    REFUSE = "refuse"
    IGNORE = "ignore"


def _path(text: str) -> str:
    parse_path_template(text)
    return text


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


def _template(text: str) -> str:
    parse_text(text)
    return text


def _body(body: Any) -> Any:
    if body is not None:
        check_body(body)
    return body


def _place(text: str) -> str:
    if parse_path(text).is_many:
        raise ValueError("must name one place, without [*]")
    return text


def _places(text: str) -> str:
    parse_path(text)
    return text


def _header(text: str) -> str:
    if not (text.isascii() and text.isprintable()) or {"{", "}"} & set(text):
        raise ValueError("must be printable ASCII; a header takes no placeholder")
    return text


PathTemplate = Annotated[str, AfterValidator(_path)]
TextTemplate = Annotated[str, BeforeValidator(_text), AfterValidator(_template)]
Place = Annotated[str, AfterValidator(_place)]
"""Where one thing is in an answer."""
Places = Annotated[str, AfterValidator(_places)]
"""Where things are in an answer."""
Header = Annotated[str, AfterValidator(_header)]
GONE: Final = (Sign(status=(404, 410)),)


class Request(Options):
    """One request. `json` and `form` are what is sent; at most one of them."""

    method: Method
    path: PathTemplate
    query: Mapping[str, TextTemplate] = Field(default_factory=dict)
    headers: Mapping[str, Header] = Field(default_factory=dict)
    body: Annotated[Any, AfterValidator(_body)] = Field(default=None, alias="json")
    form: Mapping[str, TextTemplate] | None = None
    done: Signs = ()
    missing: Signs = ()

    @model_validator(mode="after")
    def _has_one_body(self) -> "Request":
        if self.body is not None and self.form is not None:
            raise ValueError("has json and form: leave one out")
        return self

    @property
    def signs(self) -> Mapping[Verdict, tuple[Sign, ...]]:
        return {Verdict.DONE: self.done, Verdict.MISSING: self.missing}

    def templates(self) -> Iterator[tuple[str, Any]]:
        """Yield what holds placeholders, each with its key."""
        yield "path", self.path
        yield "query", dict(self.query)
        yield "json", self.body
        yield "form", dict(self.form or {})


class Paging(Options):
    """How a long list is asked for. `param` is the query's name for the page, offset or cursor."""

    kind: PagingKind = PagingKind.NONE
    param: str = ""
    first: int = Field(default=0, ge=0, le=1)
    """The number of the first page."""
    size_param: str = ""
    size: int = Field(default=100, ge=1, le=10_000)
    total: Place | None = None
    """Where the answer says how many there are on all pages."""
    next: Place | None = None
    """Where the answer says the next cursor; null, empty or missing on the last page."""

    @model_validator(mode="after")
    def _is_complete(self) -> "Paging":
        if (self.kind is PagingKind.NONE) is bool(self.param):
            raise ValueError("needs kind (offset, page or cursor) and param together")
        if (self.kind is PagingKind.CURSOR) is (self.next is None):
            raise ValueError("needs next where kind is cursor, and there only")
        return self


class Listing(Request):
    """A request that answers with a list, at `items`."""

    items: Places
    paging: Paging = Paging()
    null_is_empty: bool = False
    """Whether the vendor writes null for a list without anything in it."""

    @model_validator(mode="after")
    def _pages_by_query(self) -> "Listing":
        if {self.paging.param, self.paging.size_param} & set(self.query):
            raise ValueError("names the paging's parameter in query too: leave it out there")
        return self


class Find(Listing):
    """The look-up on which everything stands: who has the mark, and what they may open."""

    empty: Empty = Empty.NOBODY
    others: Others = Others.REFUSE


class Show(Request):
    """One person or entry by its id."""

    missing: Signs = GONE
    item: Place = "@"
    others: Others = Others.REFUSE
    """What is known by its id and has lost the mark is still open: only ids of units pass to somebody else."""


class TargetListing(Listing):
    id: Place
    name: Place | None = None
    kind: str = Field(default="door", min_length=1, max_length=40)


class Act(Request):
    """A request that changes something."""

    already: Signs = ()
    conflict: Signs = ()
    full: Signs = ()
    unsure: Signs = ()

    @property
    def signs(self) -> Mapping[Verdict, tuple[Sign, ...]]:
        return {
            Verdict.CONFLICT: self.conflict,
            Verdict.FULL: self.full,
            Verdict.ALREADY: self.already,
            Verdict.MISSING: self.missing,
            Verdict.UNSURE: self.unsure,
            Verdict.DONE: self.done,
        }


class Removal(Act):
    missing: Signs = GONE


class Make(Act):
    """A request that makes somebody or an entry; `id` and `code` are where its answer tells them."""

    id: Place | None = None
    code: Place | None = None


class NewCode(Act):
    code: Place | None = None
    """Where the answer tells the code that the vendor made."""


class Requests(Options):
    """All that is asked of the vendor. Which are needed follows from the shape and the capabilities."""

    find: Find
    show: Show | None = None
    entries: Listing | None = None
    create: Make | None = None
    remove: Removal | None = None
    grant: Make | None = None
    revoke: Removal | None = None
    suspend: Act | None = None
    resume: Act | None = None
    set_code: NewCode | None = None
    update: Act | None = None
    list_targets: TargetListing | None = None
    check: Request | None = None

    def written(self) -> Iterator[tuple[str, Request]]:
        """Yield the requests that are configured, by name."""
        for name in type(self).model_fields:
            request = getattr(self, name)
            if request is not None:
                yield name, request
