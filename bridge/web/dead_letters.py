"""Work that was given up, as operations of the operator API."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.types import StrictBool
from starlette.requests import Request

from bridge.domain.dead_letters import MAX_REASON, DeadLetter, OpenDoor, Which
from bridge.domain.errors import NotFoundHere, inert
from bridge.domain.ids import SiteId
from bridge.domain.work_id import WorkId, WorkKind
from bridge.service.dead_letters import MAX_LETTERS, DeadLetters, Decided
from bridge.web.operations import MAX_REQUEST_BYTES, BadRequest, Operation, number_of
from bridge.web.receiver import read_body
from bridge.web.schemas import Shape

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON)]


class OpenDoorOut(Shape):
    """A door that the tenant may still open, and what was wanted for the rental last."""

    rental: str
    target: str
    wanted: str | None

    @classmethod
    def of(cls, door: OpenDoor) -> Self:
        return cls(rental=door.rental, target=door.target, wanted=door.wanted)


class DeadLetterOut(Shape):
    """A subject (`s17`) or a delivery (`d42`) that was given up, and why."""

    id: str
    connection: str
    site: str | None
    tenant: str | None
    event_type: str | None
    received_at: datetime | None
    attempts: int
    why: str
    open_doors: list[OpenDoorOut]

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        return cls(
            id=str(letter.id),
            connection=letter.connection,
            site=letter.site,
            tenant=letter.tenant,
            event_type=letter.event_type,
            received_at=letter.received_at,
            attempts=letter.attempts,
            why=letter.why,
            open_doors=[OpenDoorOut.of(door) for door in letter.open_doors],
        )


class DeadLetterList(Shape):
    """`after` goes on after these where there may be more; null where these were the last."""

    letters: list[DeadLetterOut]
    after: str | None


class DeadReplayIn(Shape):
    """Which to look at again; who asks and why, for the ledger."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str]
    who: Said
    reason: Said | None = None


class DeadDiscardIn(Shape):
    """Which to take off the list; who asks and why. Without the last word, one with a door that may be open stays."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str]
    who: Said
    reason: Said
    open_doors_stay_open: StrictBool = False


class DeadRefusedOut(Shape):
    """One that was left as it was, and why."""

    id: str
    why: str


class DecidedOut(Shape):
    done: list[DeadLetterOut]
    refused: list[DeadRefusedOut]

    @classmethod
    def of(cls, decided: Decided) -> Self:
        return cls(
            done=[DeadLetterOut.of(letter) for letter in decided.done],
            refused=[DeadRefusedOut(id=str(letter), why=why) for letter, why in decided.refused],
        )


def dead_letter_operations(letters: DeadLetters, nudge: Callable[[], None]) -> Sequence[Operation]:
    async def listed(request: Request) -> BaseModel:
        limit = number_of(request, "limit", MAX_LETTERS)
        rows = await letters.listed(_which(request), limit=limit, after=_after(request))
        more = str(rows[-1].id) if rows and len(rows) >= min(limit, MAX_LETTERS) else None
        return DeadLetterList(letters=[DeadLetterOut.of(row) for row in rows], after=more)

    async def shown(request: Request) -> BaseModel:
        name = request.path_params["letter"]
        letter = WorkId.read(name)
        if letter is None:
            raise NotFoundHere(f"{inert(name, 40)} is no dead letter: their numbers look like s17 or d42")
        return DeadLetterOut.of(await letters.show(letter))

    async def replay(request: Request) -> BaseModel:
        asked = DeadReplayIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        decided = await letters.replay(_ids(asked.ids), who=asked.who, reason=asked.reason or "")
        nudge()
        return DecidedOut.of(decided)

    async def discard(request: Request) -> BaseModel:
        asked = DeadDiscardIn.model_validate_json(await read_body(request, MAX_REQUEST_BYTES))
        decided = await letters.discard(
            _ids(asked.ids), who=asked.who, reason=asked.reason, despite_open_doors=asked.open_doors_stay_open
        )
        return DecidedOut.of(decided)

    filters = (("site", "string"), ("kind", "string"), ("why", "string"))
    return (
        Operation(
            method="GET",
            path="/deadletters",
            summary="Work that was given up: subjects, then deliveries",
            gives=DeadLetterList,
            call=listed,
            query=(*filters, ("limit", "integer"), ("after", "string")),
        ),
        Operation(
            method="GET",
            path="/deadletters/{letter}",
            summary="One dead letter, with the doors that may still be open",
            gives=DeadLetterOut,
            call=shown,
        ),
        Operation(
            method="POST",
            path="/deadletters/replay",
            summary="Look at dead letters again, with their attempts forgotten",
            gives=DecidedOut,
            call=replay,
            takes=DeadReplayIn,
        ),
        Operation(
            method="POST",
            path="/deadletters/discard",
            summary="Take dead letters off the list; changes nothing at a gate",
            gives=DecidedOut,
            call=discard,
            takes=DeadDiscardIn,
        ),
    )


def _which(request: Request) -> Which:
    query = request.query_params
    site, kind, why = query.get("site"), query.get("kind"), query.get("why")
    if kind is not None and kind not in set(WorkKind):
        raise BadRequest(f"kind must be one of {', '.join(WorkKind)}")
    if why is not None and not inert(why):
        raise BadRequest("why must not be blank")
    return Which(
        site=None if site is None else SiteId(site),
        kind=None if kind is None else WorkKind(kind),
        why=None if why is None else inert(why),
    )


def _after(request: Request) -> WorkId | None:
    text = request.query_params.get("after")
    return None if text is None else _id(text)


def _ids(texts: Sequence[str]) -> list[WorkId]:
    if not 0 < len(texts) <= MAX_LETTERS:
        raise BadRequest(f"give 1 to {MAX_LETTERS} ids")
    return [_id(text) for text in texts]


def _id(text: str) -> WorkId:
    found = WorkId.read(text)
    if found is None:
        raise BadRequest(f"{inert(text, 40)} is no id of a dead letter: they look like s17 or d42")
    return found
