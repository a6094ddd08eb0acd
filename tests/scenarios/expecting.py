"""Whether what a step expects is so: typed at the keypad, read from the platform, counted on the wire."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass

from bridge.sandbox.platform.records import Rental
from tests.scenarios.codes import Whose
from tests.scenarios.names import SITES, place
from tests.scenarios.stage import Stage
from tests.scenarios.story import BadScenario, Count, Expect, RentalIs

REPLIES = {
    "ok": "open",
    "suspended": "closed",
    "no_access_here": "closed",
    "unknown_code": "unknown code",
    "malformed": "no code",
}
OLD = "'s old code"
NONE = "none"
SAME_AS = "same as "
FIELDS = ("overlocked", "overdueUntil", "resync")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was so before the step, to compare with."""

    codes: Mapping[Whose, list[str]]
    calls: Mapping[str, int]
    alerts: int


async def look(stage: Stage, expect: Expect) -> Before:
    house = stage.house
    whose = {(rental.owner_id, rental.site_id) for rental in house.world.books.rentals}
    return Before(
        codes={one: stage.codes.had(*one) for one in whose},
        calls=_calls(stage),
        alerts=0 if expect.alerts is None else len(await house.alerts()),
    )


class Judge:
    """Compares one step's outcome; every difference is one line."""

    def __init__(self, stage: Stage, before: Before, strangers: Mapping[str, str]) -> None:
        self._stage = stage
        self._house = stage.house
        self._before = before
        self._strangers = strangers

    async def differences(self, expect: Expect) -> list[str]:
        lines = [line async for line in self._doors(expect)]
        lines += [line for name, wanted in expect.rentals.items() for line in self._rental(name, wanted)]
        lines += [line async for line in self._crowd(expect)]
        lines += [line async for line in self._lists(expect)]
        lines += self._counts(expect)
        return lines

    async def _doors(self, expect: Expect) -> AsyncIterator[str]:
        for who, doors in expect.doors.items():
            for door, wanted in doors.items():
                site, target = place(door)
                found = await self._type(self._code_of(who, site), target, site)
                if found != wanted and (wanted, found) != ("closed", "unknown code"):
                    yield f"door {door} for {who}: {found}, not {wanted}"

    def _rental(self, name: str, wanted: RentalIs) -> Iterator[str]:
        rental, fields = self._stage.names.rental(name), self._house.fields(self._stage.names.rental_id(name))
        if wanted.state is not None and rental.state != wanted.state:
            yield f"{name}: its state is {rental.state}, not {wanted.state}"
        if wanted.status is not None and (fields.get("status") or NONE) != wanted.status:
            yield f"{name}: its status is {fields.get('status') or NONE!r}, not {wanted.status!r}"
        for field in FIELDS:
            expected, found = getattr(wanted, field), fields.get(field)
            if expected is not None and (NONE if found is None else found) != expected:
                yield f"{name}: {field} is {found!r}, not {expected!r}"
        if wanted.code is not None and (why := self._code_is_not(rental, wanted.code)):
            yield f"{name}: its code is {why}"

    def _code_is_not(self, rental: Rental, word: str) -> str | None:
        """Return what the rental shows instead of the code that it should, None if that is as expected."""
        shown = self._house.code(rental.id)
        had = self._before.codes.get((rental.owner_id, rental.site_id), [])
        if word == NONE:
            return None if shown is None else "there, and should not be"
        if shown is None:
            return "not there"
        if word == "kept":
            return None if shown in had[-1:] else "another one than before"
        if word == "new":
            return None if shown not in had else "one that the tenant had before"
        if word.startswith(SAME_AS):
            other = self._house.code(self._stage.names.rental_id(word.removeprefix(SAME_AS)))
            return None if shown == other else f"not the {word}"
        if not word.isdigit():
            raise BadScenario(f"code = {word!r} is no word for a code")
        return None if shown == word else f"not {word}"

    async def _crowd(self, expect: Expect) -> AsyncIterator[str]:
        wanted = expect.crowd
        if wanted.status is not None:
            found = Counter(self._house.status(rental.id) or NONE for rental in self._stage.names.crowd())
            if set(found) != {wanted.status}:
                yield f"crowd: {dict(found)}, not all {wanted.status!r}"
        if wanted.door is not None:
            replies: Counter[str] = Counter()
            for rental in self._stage.names.crowd():
                target = str(self._stage.names.unit(rental.unit_id).custom_fields["gate_id"])
                code = next(iter(self._stage.codes.had(rental.owner_id, rental.site_id)[-1:]), None)
                replies[await self._type(code, target, rental.site_id)] += 1
            if set(replies) != {wanted.door}:
                yield f"crowd: doors are {dict(replies)}, not all {wanted.door!r}"

    async def _lists(self, expect: Expect) -> AsyncIterator[str]:
        for what in ("people", "tasks", "alerts", "answers"):
            wanted = getattr(expect, what)
            if wanted is not None and (found := sorted(await self._found(what, wanted))) != sorted(wanted):
                yield f"{what}: {found}, not {sorted(wanted)}"
        if expect.deliveries:
            states = Counter(await self._house.deliveries())
            for state, count in expect.deliveries.items():
                if states[state] != count:
                    yield f"deliveries {state}: {states[state]}, not {count}"
        if expect.subjects is not None and (subjects := await self._house.subjects()) != expect.subjects:
            yield f"subjects: {subjects}, not {expect.subjects}"

    async def _found(self, what: str, wanted: Collection[str]) -> list[str]:
        match what:
            case "people":
                return [name async for name in self._people()]
            case "tasks":
                return self._tasks(wanted)
            case "alerts":
                return (await self._house.alerts())[self._before.alerts :]
            case _:
                return list(self._stage.answers)

    def _counts(self, expect: Expect) -> list[str]:
        now = _calls(self._stage)
        found = {what: now[what] - self._before.calls[what] for what in now}
        wanted: dict[str, Count | None] = {what: getattr(expect, what) for what in now}
        return [f"{what}: {found[what]}, not {count}" for what, count in wanted.items() if not _is(found[what], count)]

    async def _people(self) -> AsyncIterator[str]:
        for site, site_id in SITES.items():
            for person in await self._house.people(site_id):
                yield person["name"] if site == "lakeside" else f"{site}/{person['name']}"

    def _tasks(self, wanted: Collection[str]) -> list[str]:
        """Return the tasks that staff have before them, as `unit: title`, or by the unit alone if that is wanted."""
        found = []
        for job in self._house.tasks():
            if job.state.is_alive:
                unit = self._stage.names.unit(job.data.target_id or "").name
                title = (job.data.title or "").removeprefix("Gate access: ")
                found.append(unit if unit in wanted else f"{unit}: {title}")
        return found

    def _code_of(self, who: str, site: str) -> str | None:
        if who in self._strangers:
            return self._strangers[who]
        had = self._stage.codes.had(self._stage.names.tenant(who.removesuffix(OLD)).id, site)
        if not who.endswith(OLD):
            return had[-1] if had else None
        if len(had) < 2:
            raise BadScenario(f"{who}: there was only one")
        return had[-2]

    async def _type(self, code: str | None, target: str, site: str) -> str:
        return REPLIES[await self._house.keypad(target, code, site)]


def _is(found: int, wanted: Count | None) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return found == wanted
    return found <= int(re.sub(r"\D", "", wanted))


def _calls(stage: Stage) -> dict[str, int]:
    house = stage.house
    return {
        "vendor_calls": len(house.gate.requests),
        "vendor_writes": len(house.gate.writes()),
        "platform_calls": len(house.platform.requests),
        "platform_writes": len(house.platform.writes()),
    }
