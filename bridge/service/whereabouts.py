"""Finding whom a question is about: what the bridge knows, and what the platform says of those it never heard of."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.domain.errors import Anomaly, BridgeError, NotFoundHere, Unreachable, inert
from bridge.domain.ids import ConnectionName, RentalId, SiteKey, SubjectKey, UnitId
from bridge.domain.whom import By, Whom
from bridge.ports.source import Located, Locator
from bridge.ports.store import OperatorDesk, SubjectRow
from bridge.telemetry import get_logger

MAX_ID: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Somebody whom a question is about. `row` is None where the bridge has not heard of them.

    `rentals` are those that the platform told of.
    """

    subject: SubjectKey
    row: SubjectRow | None = None
    rentals: frozenset[RentalId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`units` are the units asked for; `notes` say who could not be asked."""

    found: tuple[Found, ...]
    units: frozenset[UnitId] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Asked:
    """What the platforms told together."""

    rentals: dict[SubjectKey, set[RentalId]] = field(default_factory=dict)
    units: set[UnitId] = field(default_factory=set)
    errors: dict[ConnectionName, BridgeError] = field(default_factory=dict)

    def hear(self, name: ConnectionName, told: Located | BridgeError) -> None:
        if isinstance(told, BridgeError):
            self.errors[name] = told
            return
        self.units |= set(told.units)
        for seen in told.sightings:
            self.rentals.setdefault(seen.subject, set()).add(seen.rental)

    def notes(self) -> tuple[str, ...]:
        return tuple(f"connection {name} could not be asked: {error}" for name, error in self.errors.items())


class Whereabouts:
    """Looks people up at the configured sites. Changes nothing."""

    def __init__(
        self, *, desk: OperatorDesk, locators: Mapping[ConnectionName, Locator], sites: Collection[SiteKey]
    ) -> None:
        self._desk = desk
        self._locators = locators
        self._sites = frozenset(sites)
        self._log = get_logger()

    async def find(self, whom: Whom) -> Answer:
        """Return everybody whom the question leads to, by key.

        Of a rental that is known nobody is asked. A tenant may rent at a site that the bridge has not heard of, and a
        unit may have a new tenant, so there the platform is asked whoever is known.

        Raises `NotFoundHere` where there is nobody or a unit's name is not the only one, and `Unreachable` where a
        platform that gave no usable answer may be the reason.
        """
        sites = {key for key in self._sites if whom.site in {None, key[1]}}
        if not sites:
            raise NotFoundHere(f"there is no site {_shown(whom.site or '')} in the configuration")
        rows = {} if whom.by is By.UNIT else await self._known(whom, sites)
        asked = _Asked()
        if whom.by is not By.RENTAL or not rows:
            asked = await self._ask(whom, {key.connection for key in rows} or {name for name, _ in sites})
        if whom.by is By.UNIT:
            rows = await self._known(replace(whom, id=_only(asked.units, whom)), sites)
        for subject in asked.rentals.keys() - rows.keys():
            here = {(subject.connection, subject.site)}
            rows |= await self._known(Whom(by=By.TENANT, id=subject.tenant), here)
        found = tuple(
            Found(subject=key, row=rows.get(key), rentals=frozenset(asked.rentals.get(key, ())))
            for key in sorted(rows.keys() | asked.rentals.keys())
        )
        if not found:
            raise next((no_answer(error) for error in asked.errors.values()), _nobody(whom))
        return Answer(found=found, units=frozenset(asked.units or {UnitId(whom.id)}), notes=asked.notes())

    async def _known(self, whom: Whom, sites: Collection[SiteKey]) -> dict[SubjectKey, SubjectRow]:
        return {row.key: row for row in await self._desk.find_subjects(whom, sites)}

    async def _ask(self, whom: Whom, names: Collection[ConnectionName]) -> _Asked:
        asked = _Asked()
        told = await asyncio.gather(*(self._told(whom, name) for name in sorted(names)))
        for name, one in zip(sorted(names), told, strict=True):
            asked.hear(name, one)
        return asked

    async def _told(self, whom: Whom, name: ConnectionName) -> Located | BridgeError:
        try:
            return await self._locators[name].locate(whom)
        except BridgeError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a plug-in's defect is an answer too, without what it may quote
            self._log.exception("locate.defect", connection=name)
            return Anomaly(f"unexpected {type(error).__name__}")


def _only(units: Collection[UnitId], whom: Whom) -> str:
    """Return the unit's id; what no platform knows is taken for one."""
    if len(units) > 1:
        listed = ", ".join(sorted(units))
        raise NotFoundHere(f"{len(units)} units are called {_shown(whom.id)}: ask for one by its id ({listed})")
    return next(iter(units), UnitId(whom.id))


def no_answer(error: BridgeError) -> Unreachable:
    """Return what to tell somebody who asked, with what the platform said."""
    return Unreachable(f"the platform gave no usable answer: {error}")


def _nobody(whom: Whom) -> NotFoundHere:
    where = "" if whom.site is None else f" at site {_shown(whom.site)}"
    said = {
        By.TENANT: "a tenant {} who rents at a configured site",
        By.RENTAL: "a rental {} at a configured site",
        By.UNIT: "a tenant of unit {} at a configured site",
    }
    return NotFoundHere(f"neither bridge nor platform knows {said[whom.by].format(_shown(whom.id))}{where}")


def _shown(text: str) -> str:
    return inert(text, MAX_ID) or "without an id"
