"""Observe and apply at a vendor by configuration alone.

Every change begins with a look-up by the person's mark, so that it can be repeated after a crash at any point: what
exists is adopted, what is gone is done.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import httpx

from adapters.generic_http.client import VendorClient
from adapters.generic_http.entry_visit import EntryVisit
from adapters.generic_http.mapping import check_target, is_double, lists_everybody, observed, targets_of, values_of
from adapters.generic_http.options import GenericHttpOptions
from adapters.generic_http.person_visit import PersonVisit
from adapters.generic_http.shape import Shape
from adapters.generic_http.survey import survey_of
from adapters.generic_http.visit import Visit, look
from bridge.sdk import (
    AdapterContext,
    Anomaly,
    BridgeError,
    Change,
    Checkpoint,
    Finding,
    Kind,
    Observed,
    Person,
    Ref,
    Rejected,
    Survey,
    Target,
    TargetId,
    TemporaryError,
    Tenant,
    Unauthorized,
    Unsupported,
    Verdict,
)

VISITS: Final[Mapping[Shape, type[Visit]]] = {Shape.PERSON: PersonVisit, Shape.ENTRY: EntryVisit}
NOBODY: Final = "gatebridge-check"
"""The key of a person who never is: to try the look-up with."""
ADVICE: Final[tuple[tuple[type[BridgeError], str], ...]] = (
    (Unauthorized, "Correct the site's options.auth: the vendor refuses what it says."),
    (Anomaly, "Compare the named request in options.requests with the vendor's document: its answer has another form."),
    (TemporaryError, "Correct the site's options.url, or try again when the vendor answers."),
    (BridgeError, "Compare the named request in options.requests with the vendor's document: it is refused."),
)


class GenericHttpAdapter:
    def __init__(self, options: GenericHttpOptions, context: AdapterContext) -> None:
        self._options = options
        self._client = VendorClient(options, context)
        self._subject = f"vendor at {httpx.URL(options.url).host}"

    def __repr__(self) -> str:
        return f"GenericHttpAdapter({self._subject!r})"

    async def check(self) -> Sequence[Finding]:
        try:
            told = await self._try_out()
        except BridgeError as error:
            advice = next(text for kind, text in ADVICE if isinstance(error, kind))
            return [Finding(subject=self._subject, verdict=Verdict.FAILED, text=str(error), advice=advice)]
        return [Finding(subject=self._subject, verdict=Verdict.OK, text=text) for text in told]

    async def targets(self) -> Sequence[Target]:
        if not self._client.has("list_targets"):
            raise Unsupported("options.requests.list_targets is not configured, so this vendor lists no targets")
        return await self._client.list_targets()

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        client = self._client.discreet(person.tenant)
        everywhere = [target for target in {*targets, *targets_of(ref)} if _is_usable(target)]
        found = await look(client, values_of(person.key, person.tenant, self._options.names), ref, everywhere)
        has_doubles = len(found) > 1 if self._options.shape is Shape.PERSON else is_double(found)
        return observed(found, ref, shows_codes=self._options.capabilities.shows_codes, has_doubles=has_doubles)

    async def survey(self) -> Survey:
        if not lists_everybody(self._options):
            raise Unsupported("options.requests.find is no list of everybody, so this vendor cannot be read at once")
        return await survey_of(self._client, self._options)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        target = None if change.target is None else check_target(change.target)
        client = self._client.discreet(person.tenant)
        visit = VISITS[self._options.shape](client, person, self._options, checkpoint, ref)
        await visit.begin(change)
        if change.kind is Kind.REMOVE_PERSON:
            await visit.remove()
            return None
        if target is None:
            await _change_person(change, visit)
        else:
            await _change_target(change, target, visit)
        return visit.ref

    async def _try_out(self) -> list[str]:
        """Ask all that changes nothing, and return what is worth telling."""
        is_checked = await self._client.check()
        told = ["answers its check"] if is_checked else []
        targets: Sequence[Target] = []
        if self._client.has("list_targets"):
            targets = await self._client.list_targets()
            told.append(f"lists {len(targets)} targets")
        who = values_of(NOBODY, Tenant(name=""), self._options.names)
        await self._client.find(who, [target.id for target in targets[:1]])
        return [*told, "answers the look-up of people as configured"]


async def _change_person(change: Change, visit: Visit) -> None:
    match change.kind:
        case Kind.CHANGE_CODE:
            await visit.change_code(change.code)
        case Kind.UPDATE_PERSON:
            await visit.update_profile()
        case Kind.SUSPEND:
            await visit.suspend_person()
        case _:
            await visit.resume_person(change.code)


async def _change_target(change: Change, target: TargetId, visit: Visit) -> None:
    match change.kind:
        case Kind.SUSPEND:
            await visit.suspend(target)
        case Kind.REVOKE:
            await visit.revoke(target)
        case Kind.RESUME:
            await visit.resume(target, change.code)
        case _:
            await visit.open(target, change.code)


def _is_usable(target: TargetId) -> bool:
    try:
        check_target(target)
    except Rejected:
        return False
    return True
