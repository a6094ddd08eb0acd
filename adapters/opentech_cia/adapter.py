"""Observe and apply at a facility of OpenTech's INSOMNIAC CIA.

Every change begins with a look at the facility, so that it can be repeated after a crash at any point: what carries the
person's mark is adopted, what is gone is done.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from adapters.opentech_cia.client import CiaClient
from adapters.opentech_cia.mapping import KINDS, chosen, observed, target_of
from adapters.opentech_cia.options import CiaOptions, UnitMatch
from adapters.opentech_cia.survey import look_at_facility, look_at_units
from adapters.opentech_cia.visit import Visit
from adapters.opentech_cia.whole import survey_of
from adapters.opentech_cia.wire import WireNamed
from bridge.sdk import (
    AdapterContext,
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
    Unauthorized,
    Verdict,
    inert,
    is_safe_target,
)

MAX_NAMES: Final = 12


class CiaAdapter:
    def __init__(self, options: CiaOptions, context: AdapterContext) -> None:
        self._options = options
        self._client = CiaClient(options, context)

    async def check(self) -> Sequence[Finding]:
        try:
            name = (await self._client.facility()).name or "without a name"
        except Unauthorized as error:
            advice = "Correct api_key, api_secret, client_id and client_secret; ask OpenTech whether they are in force."
            return [self._finding(Verdict.FAILED, str(error), advice)]
        except Rejected as error:
            advice = "Set the site's options.facility to an id that this key can see."
            return [self._finding(Verdict.FAILED, str(error), advice)]
        except BridgeError as error:
            advice = "See whether CIA is up and the site's options.host_suffix is that of your region; then try again."
            return [self._finding(Verdict.FAILED, str(error), advice)]
        found = [self._finding(Verdict.OK, f"answers; the facility is {inert(name, 80)}")]
        for look in (self._check_units, self._check_time_group, self._check_access_profile):
            try:
                found.append(await look())
            except BridgeError as error:
                advice = "Ask OpenTech whether the key may read units, time groups and access profiles."
                found.append(self._finding(Verdict.FAILED, str(error), advice))
        return found

    async def targets(self) -> Sequence[Target]:
        targets = {
            target: Target(id=target, name=inert(unit.number, 80) or target, kind=KINDS[unit.status])
            for unit in (await self._client.units()).values()
            if is_safe_target(target := target_of(unit, self._options.unit_match))
        }
        return list(targets.values())

    async def observe(self, person: Person, ref: Ref | None, targets: Collection[TargetId]) -> Observed:
        match = self._options.unit_match
        found = await look_at_units(self._client.discreet(person.tenant), person, ref, targets, match)
        return observed(found, match)

    async def survey(self) -> Survey:
        return await survey_of(self._client, self._options.unit_match)

    async def apply(self, change: Change, person: Person, ref: Ref | None, checkpoint: Checkpoint) -> Ref | None:
        client = self._client.discreet(person.tenant)
        found = await look_at_facility(client, person, ref)
        visit = Visit(client, person, self._options, found, checkpoint)
        if change.kind in {Kind.REVOKE, Kind.REMOVE_PERSON}:
            if change.kind is Kind.REMOVE_PERSON:
                await visit.leave()
            elif change.target is not None:
                await visit.revoke(change.target)
            return visit.ref
        await visit.meet()
        if change.target is None:
            await (visit.update_person() if change.code is None else visit.change_code(change.code))
        elif change.kind is Kind.SUSPEND:
            await visit.suspend(change.target)
        elif change.kind is Kind.RESUME:
            await visit.resume(change.target, change.code)
        else:
            await visit.grant(change.target, change.code)
        return visit.ref

    async def _check_units(self) -> Finding:
        units = (await self._client.units()).values()
        counts = Counter(unit.status for unit in units)
        text = ", ".join(f"{counts[status]} {status}" for status in counts) or "none"
        if not units:
            advice = "Let OpenTech enter the facility's units: the bridge makes none."
            return self._finding(Verdict.WARNING, "the facility has no units", advice)
        if self._options.unit_match is UnitMatch.NUMBER and len({unit.number for unit in units}) < len(units):
            advice = 'Give each unit a number of its own at CIA, or set the site\'s options.unit_match to "id".'
            return self._finding(Verdict.WARNING, f"units: {text}; two have the same number", advice)
        return self._finding(Verdict.OK, f"units: {text}")

    async def _check_time_group(self) -> Finding:
        return await self._check_named("time_group", self._options.time_group, self._client.time_groups)

    async def _check_access_profile(self) -> Finding:
        return await self._check_named("access_profile", self._options.access_profile, self._client.access_profiles)

    async def _check_named(self, key: str, wanted: str, listed: Callable[[], Awaitable[list[WireNamed]]]) -> Finding:
        among = await listed()
        if chosen(wanted, among) is not None:
            return self._finding(Verdict.OK, f"options.{key} is there")
        names = ", ".join(inert(one.name, 40) for one in among[:MAX_NAMES]) or "none"
        advice = f"Set the site's options.{key} to the id or the only name of one of these: {names}."
        return self._finding(Verdict.FAILED, f"options.{key} is not at the facility", advice)

    def _finding(self, verdict: Verdict, text: str, advice: str = "") -> Finding:
        return Finding(subject=f"CIA facility {self._options.facility}", verdict=verdict, text=text, advice=advice)
