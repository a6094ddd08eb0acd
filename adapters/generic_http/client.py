"""The vendor's API as calls with types; errors become the bridge's own here, once, and tell nothing private."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Final

from adapters.generic_http.auth import sign_requests
from adapters.generic_http.mapping import mark_text, with_
from adapters.generic_http.options import GenericHttpOptions
from adapters.generic_http.paging import Params, read_list
from adapters.generic_http.paths import MISSING, as_word, found, parse_path
from adapters.generic_http.requests import Empty, Listing, Make, NewCode, Others, Request
from adapters.generic_http.rules import WHO, uses
from adapters.generic_http.shape import Codes, PersonPlaces, Shape
from adapters.generic_http.signs import NEVER_SIGNS, Verdict, judge
from adapters.generic_http.templates import Values, render_body, render_path, render_text
from adapters.generic_http.wire import (
    Record,
    VendorId,
    is_marked,
    place,
    places,
    read_code,
    read_entry,
    read_id,
    read_lone_entry,
    read_person,
    read_target,
)
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    Answer,
    BridgeError,
    Conflict,
    GateCode,
    NoCapacity,
    NotYetConsistent,
    OutcomeUnknown,
    Rejected,
    Target,
    TargetId,
    Tenant,
    blotted,
    call,
    is_safe_target,
    private_words,
    words_of,
)

MAX_TOLD: Final = 200
READ_ANSWERS: Final = frozenset(range(400, 500)) - NEVER_SIGNS - {403, 409, 423}
WRITE_ANSWERS: Final = frozenset(range(400, 500)) - NEVER_SIGNS - {403}
"""Refusals that are read here, for what they say; the others mean the same everywhere."""
GONE_IS_DONE: Final = frozenset({"remove", "revoke"})
REFUSALS: Final[Mapping[Verdict, type[BridgeError]]] = {
    Verdict.CONFLICT: Conflict,
    Verdict.FULL: NoCapacity,
    Verdict.MISSING: NotYetConsistent,
    Verdict.UNSURE: OutcomeUnknown,
    Verdict.UNREADABLE: OutcomeUnknown,
    Verdict.REFUSED: Rejected,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a change's answer told, as far as it was asked for."""

    id: VendorId | None = None
    code: GateCode | None = None


class VendorClient:
    """One account, spoken to by its configured requests."""

    def __init__(self, options: GenericHttpOptions, context: AdapterContext) -> None:
        self._options = options
        self._client = context.client_for(options.url)
        sign_requests(self._client, options.auth, context)
        self._private: frozenset[str] = frozenset()
        self._holder = options.person or options.entry
        self._requests = dict(options.requests.written())
        self._with_code = frozenset(name for name in self._requests if uses(options.requests, name, "code"))
        self._finds_by_mark = any(uses(options.requests, "find", name) for name in WHO)
        self.finds_by_target = uses(options.requests, "find", "target")

    def __repr__(self) -> str:
        return "VendorClient()"

    def gives_code_in(self, name: str) -> bool:
        return name in self._with_code

    def discreet(self, tenant: Tenant) -> "VendorClient":
        """Return the same client, whose errors do not name this tenant, whatever the vendor says."""
        client = copy(self)
        client._private = private_words(tenant)  # noqa: SLF001 - its own copy
        return client

    def has(self, name: str) -> bool:
        return name in self._requests

    async def find(self, values: Values, targets: Collection[TargetId] = ()) -> list[Record]:
        """Return all that has the person's mark; where one finds by target, at `targets`."""
        records: list[Record] = []
        for asked in sorted(targets) if self.finds_by_target else [None]:
            where = values if asked is None else with_(values, target=asked)
            items = await self._list("find", self._options.requests.find, where)
            records += [await self._read(item, values, asked) for item in items if self._is_ours(item, values)]
        return self._each_once(records)

    async def everybody(self) -> list[Any]:
        """Return all that `find` lists, as it came. Only for a `find` that asks for nobody."""
        return await self._list("find", self._options.requests.find, {})

    def read_listed(self, items: Iterable[Any]) -> list[Record]:
        """Return these of a list of everybody."""
        person, entry = self._options.person, self._options.entry
        records = [
            read_lone_entry(item, entry, self._options.capabilities.code_alphabet, None)
            if person is None
            else self._person(item, person, places(item, entry.within or "@", "entry"))
            for item in items
        ]
        return self._each_once(records)

    async def has_still(self, id_: VendorId, values: Values) -> bool:
        """Tell whether `show` shows the id with this person's mark. Raises `Anomaly` where it shows it without."""
        request = self._options.requests.show
        if request is None:
            return False
        name = "id" if self._options.shape is Shape.PERSON else "entry_id"
        body = await self._ask("show", request, with_(values, **{name: id_}))
        if body is MISSING:
            return False
        is_ours = self._has_mark(place(body, request.item, "show"), values)
        if not is_ours and request.others is Others.REFUSE:
            mark = self._mark(values)
            raise Anomaly(f"show: {mark} is gone from what the bridge made; requests.show.others says what that means")
        return is_ours

    async def list_targets(self) -> list[Target]:
        request = self._options.requests.list_targets
        if request is None:
            return []
        items = await self._list("list_targets", request, {})
        ids = [read_target(item, request.id) for item in items]
        names = [None if request.name is None else as_word(place(item, request.name, "target")) for item in items]
        told = dict(zip(ids, names, strict=True))
        return [
            Target(id=id_, name=name if name is not None and name.isprintable() else id_, kind=request.kind)
            for id_, name in told.items()
            if is_safe_target(id_) and not id_.startswith("?")
        ]

    async def check(self) -> bool:
        """Make the configured check, if there is one, and say so."""
        request = self._options.requests.check
        if request is None:
            return False
        if await self._ask("check", request, {}) is MISSING:
            raise Anomaly("check: the vendor says that there is no such account")
        return True

    async def do(self, name: str, values: Values) -> Told:
        """Have something changed. What is so already is done, and what is gone is removed.

        Raises `Conflict`, `NoCapacity`, `Rejected`, `NotYetConsistent` for a person who went away between two calls,
        and `OutcomeUnknown` where the answer does not tell whether it happened.
        """
        if name in self._with_code and values.get("code") is None:
            raise Rejected(f"{name}: it needs a gate code, and none is known")
        request = self._requests[name]
        answer = await self._send(name, request, values, is_read=False)
        verdict = judge(answer, request.signs)
        if verdict is Verdict.ALREADY or (verdict is Verdict.MISSING and name in GONE_IS_DONE):
            return Told()
        if verdict is not Verdict.DONE:
            raise self._refusal(name, answer, REFUSALS[verdict], values)
        try:
            return self._told(request, answer.body)
        except Anomaly as error:
            raise OutcomeUnknown(f"{name}: done, but {error}") from None

    def _told(self, request: Request, body: Any) -> Told:
        id_ = read_id(body, request.id, "answer") if isinstance(request, Make) and request.id is not None else None
        at = request.code if isinstance(request, Make | NewCode) else None
        if at is None:
            return Told(id=id_)
        code = read_code(body, at, self._options.capabilities.code_alphabet)
        if code is None or not self._could_be_made(code):
            raise Anomaly(f"there is no code at {at}")
        return Told(id=id_, code=code)

    def _could_be_made(self, code: GateCode) -> bool:
        return set(code.reveal()) <= set(self._options.capabilities.code_alphabet)

    async def _read(self, item: Any, values: Values, asked: TargetId | None) -> Record:
        entry, person, alphabet = self._options.entry, self._options.person, self._options.capabilities.code_alphabet
        if person is None:
            return read_lone_entry(item, entry, alphabet, asked)
        listing = self._options.requests.entries
        if listing is not None:
            who = with_(values, id=read_id(item, person.id, "person"))
            within: Sequence[Any] = await self._list("entries", listing, who)
        else:
            within = places(item, entry.within or "@", "entry")
        return self._person(item, person, within)

    def _person(self, item: Any, person: PersonPlaces, within: Sequence[Any]) -> Record:
        alphabet, entry = self._options.capabilities.code_alphabet, self._options.entry
        record = read_person(item, person, tuple(read_entry(one, entry) for one in within), alphabet)
        is_made = self._options.capabilities.codes is Codes.MADE
        if is_made and record.code is not None and not self._could_be_made(record.code):
            raise Anomaly("code: the vendor masks it, or capabilities.code_alphabet lacks what it makes codes of")
        return record

    @staticmethod
    def _each_once(records: list[Record]) -> list[Record]:
        ids = [str(record.id) for record in records]
        if len(set(ids)) < len(ids):
            raise Anomaly("find: the vendor listed somebody twice")
        return records

    def _is_ours(self, item: Any, values: Values) -> bool:
        is_ours = self._has_mark(item, values)
        if not is_ours and self._finds_by_mark and self._options.requests.find.others is Others.REFUSE:
            raise Anomaly("find: the vendor listed others than were asked for; requests.find.others says if it may")
        return is_ours

    def _has_mark(self, item: Any, values: Values) -> bool:
        return is_marked(item, self._holder, self._mark(values))

    def _mark(self, values: Values) -> str:
        return mark_text(str(values["person.key"]), self._holder.mark_holds)

    async def _list(self, name: str, request: Listing, values: Values) -> list[Any]:
        async def page(params: Params) -> Any:
            return await self._ask(name, request, values, params)

        items = await read_list(request, name, page)
        if not items and getattr(request, "empty", Empty.NOBODY) is Empty.NOTHING:
            raise Anomaly(f"{name}: the list is empty, which requests.find.empty says to prove nothing")
        return items

    async def _ask(self, name: str, request: Request, values: Values, params: Params | None = None) -> Any:
        """Return the body, or `MISSING` where the answer has the sign of it. No other refusal proves anything."""
        answer = await self._send(name, request, values, params or {}, is_read=True)
        match judge(answer, request.signs):
            case Verdict.DONE:
                return answer.body
            case Verdict.MISSING:
                return MISSING
            case _:
                is_refusal = answer.status in READ_ANSWERS
                raise self._refusal(name, answer, Rejected if is_refusal else Anomaly, values)

    async def _send(
        self, name: str, request: Request, values: Values, params: Params | None = None, *, is_read: bool
    ) -> Answer:
        query = {key: render_text(text, values) for key, text in request.query.items()}
        form = None if request.form is None else {key: render_text(text, values) for key, text in request.form.items()}
        absent = self._options.names.when_absent
        signs = {status for listed in request.signs.values() for sign in listed for status in sign.status}
        try:
            return await call(
                self._client,
                request.method,
                render_path(request.path, values),
                json=None if request.body is None else render_body(request.body, values, absent),
                form=None if form is None else {key: text for key, text in form.items() if text is not None},
                params={**{key: text for key, text in query.items() if text is not None}, **(params or {})},
                headers={**self._options.headers, **request.headers},
                accept=signs | (READ_ANSWERS if is_read else WRITE_ANSWERS),
                is_read=is_read,
            )
        except BridgeError as error:
            error.args = (self._blotted(f"{name}: {error}", values),)
            raise

    def _refusal(self, name: str, answer: Answer, kind: type[BridgeError], values: Values) -> BridgeError:
        at = self._options.error_text
        words = [] if at is None else [as_word(value) or "" for value in found(answer.body, parse_path(at))]
        said = self._blotted(" ".join(words), values)
        return kind(f"{name}: the vendor answered {answer.status}{f' ({said})' if said else ''}")

    def _blotted(self, text: str, values: Values) -> str:
        """Return a vendor's words without the tenant and without the code that was sent, which may have letters."""
        codes = [value.reveal() for value in values.values() if isinstance(value, GateCode) and value]
        for code in codes:  # whole first: one with signs in it is no word
            text = re.sub(re.escape(code), "#", text, flags=re.IGNORECASE)
        return blotted(text, self._private | words_of(*codes), MAX_TOLD)
