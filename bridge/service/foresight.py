"""What a run would do, told without doing it: an explanation and a plan both come from here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from bridge.domain.access import Loss
from bridge.domain.capabilities import CodeMaker
from bridge.domain.changes import Kind, Observed
from bridge.domain.credential import CodeMemory, GateCode
from bridge.domain.desired import held_back, leaving
from bridge.domain.errors import BridgeError
from bridge.domain.fields import field_writes
from bridge.domain.ids import RentalId, TargetId
from bridge.domain.plan import Holding, make_plan, targets_to_look_at
from bridge.domain.records import as_held
from bridge.domain.rehearsal import Part
from bridge.domain.scene import Scene, Work
from bridge.ports.store import SubjectRow
from bridge.service.codes import CodeWish, code_wish
from bridge.service.progress import Progress
from bridge.service.reading import Reading
from bridge.service.sites import ManagedSite

TO_BE_MADE: Final = GateCode("a code that a run would make")
"""Stands where a run puts a new one: which it will be, nobody knows before."""
NOTHING_HELD: Final[Mapping[RentalId, Loss]] = MappingProxyType({})


def scene_of(reading: Reading, site: ManagedSite, *, work: Work | None, at: datetime | None = None) -> Scene:
    """Return what the rules say of a reading: now, or at another moment (UTC), at which nothing else is known."""
    moment = at or reading.now
    return Scene(
        policy=site.policy,
        prefix=site.field_prefix,
        moment=moment,
        is_now=at is None,
        snapshot=reading.snapshot,
        desired=reading.desired(site.policy, moment),
        records=reading.access,
        heirs=reading.inherited.heirs,
        codes=reading.record.codes,
        work=work,
        open_tasks={unit: task.problem for unit, task in reading.record.open_tasks.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What a run would find at the vendor, and so would do. `observed` is None where the vendor could not be asked."""

    site: ManagedSite
    reading: Reading
    scene: Scene
    wish: CodeWish
    observed: Observed | None

    def part(self, occupied: Collection[TargetId]) -> Part | None:
        """Return the run for the guard to judge, or None where nothing can be said of it."""
        if self.observed is None:
            return None
        return Part(
            subject=self.scene.snapshot.subject,
            desired=self.scene.desired,
            observed=self.observed,
            holding=self._holding(self.observed)[0],
            capabilities=self.site.capabilities,
            budgets=self.site.budgets,
            holds=self.reading.record.holds,
            occupied=frozenset(occupied),
        )

    def told(self, held: Mapping[RentalId, Loss] = NOTHING_HELD) -> Scene:
        """Return the scene with what the vendor shows, and what a run would then plan and write around what is held."""
        if self.observed is None:
            return self.scene
        scene, reading, capabilities = self.scene, self.reading, self.site.capabilities
        holding, codes = self._holding(self.observed)
        plan = make_plan(leaving(scene.desired, held), self.observed, holding, capabilities)
        scene = replace(scene, observed=self.observed, plan=plan, asks_new_code=bool(self.wish.wanting))
        makes_one = {change.kind for change in plan.changes} & {Kind.GRANT, Kind.CHANGE_CODE}
        if capabilities.code_maker is CodeMaker.VENDOR and makes_one and (codes.current is None or self.wish.wanting):
            codes = _in_force(codes, TO_BE_MADE)
        records = {**reading.access, **{one: as_held(reading.access[one]) for one in held if one in reading.access}}
        rentals = [scene.with_problem(access) for access in held_back(scene.desired, held, records).rentals]
        writes = field_writes(
            reading.snapshot.rentals,
            rentals,
            reading.access,
            codes,
            {access.rental for access in rentals},
            heirs=scene.heirs,
        )
        return replace(scene, writes={write.rental: write for write in writes})

    def _holding(self, observed: Observed) -> tuple[Holding, CodeMemory]:
        scene, reading = self.scene, self.reading
        progress = Progress()
        progress.begin(reading.record)
        progress.access = dict(reading.access)
        progress.codes = _codes_after(scene, self.wish, observed, self.site)
        progress.wanting = self.wish.wanting if self.site.capabilities.code_maker is CodeMaker.VENDOR else ()
        waits = reading.waits(0 if scene.work is None else scene.work.attempts)
        return progress.holding(reading.person.tenant, waits), progress.codes


async def foresee(scene: Scene, site: ManagedSite, reading: Reading) -> Foresight:
    """Ask the vendor what a run would ask it."""
    wish = code_wish(reading.snapshot, scene.desired, scene.codes, site.capabilities, reading.access)
    scene, observed = replace(scene, refused_codes=wish.choice.refused), None
    try:
        targets = targets_to_look_at(scene.desired, reading.access)
        observed = await site.adapter.observe(reading.person, reading.record.ref, targets)
    except Exception as error:  # noqa: BLE001 - a plug-in's defect is an answer too, without what it may quote
        why = str(error) if isinstance(error, BridgeError) else f"unexpected {type(error).__name__}"
        scene = replace(scene, unseen=f"the gate system could not be asked: {why}")
    return Foresight(site=site, reading=reading, scene=scene, wish=wish, observed=observed)


def work_of(row: SubjectRow, paused: str) -> Work:
    return Work(state=row.state, due_at=row.due_at, attempts=row.attempts, note=row.note, paused=paused)


def _codes_after(scene: Scene, wish: CodeWish, observed: Observed, site: ManagedSite) -> CodeMemory:
    """Return the codes as the next run will find or make them."""
    code = wish.choice.code
    if site.capabilities.code_maker is CodeMaker.VENDOR:
        if observed.code is not None and not wish.wanting:
            code = observed.code
    elif scene.desired.needs_code and (code is None or (wish.wanting and wish.choice.adopted_from is None)):
        code = TO_BE_MADE
    return scene.codes if code is None else _in_force(scene.codes, code)


def _in_force(codes: CodeMemory, code: GateCode) -> CodeMemory:
    if code == codes.current:
        return codes
    earlier = codes.earlier if codes.current is None else (codes.current, *codes.earlier)
    return replace(codes, current=code, earlier=earlier)
