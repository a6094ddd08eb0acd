"""What a run would do, told without doing it: an explanation and a plan both come from here."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from bridge.domain.access import AccessRecord
from bridge.domain.capabilities import CodeMaker
from bridge.domain.changes import Kind, Observed
from bridge.domain.credential import CodeMemory, GateCode
from bridge.domain.drift import may_be_over
from bridge.domain.errors import BridgeError
from bridge.domain.fields import field_writes
from bridge.domain.plan import make_plan, targets_to_look_at
from bridge.domain.records import after_run
from bridge.domain.scene import Scene, Work
from bridge.ports.store import SubjectRow
from bridge.service.codes import CodeWish, code_wish
from bridge.service.progress import Progress
from bridge.service.reading import Reading
from bridge.service.sites import ManagedSite
from bridge.service.tasks import staff_problems

TO_BE_MADE: Final = GateCode("a code that a run would make")
"""Stands where a run puts a new one: which it will be, nobody knows before."""


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


async def foreseen(scene: Scene, site: ManagedSite, reading: Reading) -> Scene:
    """Return the scene with what the vendor shows, and what a run would then plan and write."""
    wish = code_wish(reading.snapshot, scene.desired, scene.codes, site.capabilities, reading.access)
    try:
        targets = targets_to_look_at(scene.desired, reading.access)
        observed = await site.adapter.observe(reading.person, reading.record.ref, targets)
    except Exception as error:  # noqa: BLE001 - a plug-in's defect is an answer too, without what it may quote
        why = str(error) if isinstance(error, BridgeError) else f"unexpected {type(error).__name__}"
        return replace(scene, refused_codes=wish.choice.refused, unseen=f"the gate system could not be asked: {why}")
    progress = Progress()
    progress.begin(reading.record)
    progress.access = dict(reading.access)
    progress.codes = _codes_after(scene, wish, observed, site)
    progress.wanting = wish.wanting if site.capabilities.code_maker is CodeMaker.VENDOR else ()
    waits = reading.waits(0 if scene.work is None else scene.work.attempts)
    plan = make_plan(scene.desired, observed, progress.holding(reading.person.tenant, waits), site.capabilities)
    scene = replace(
        scene,
        observed=observed,
        plan=plan,
        refused_codes=wish.choice.refused,
        asks_new_code=bool(wish.wanting),
        has_drifted=may_be_over(reading.record.sight, plan),
    )
    codes = progress.codes
    makes_one = {change.kind for change in plan.changes} & {Kind.GRANT, Kind.CHANGE_CODE}
    if site.capabilities.code_maker is CodeMaker.VENDOR and makes_one and (codes.current is None or wish.wanting):
        codes = _in_force(codes, TO_BE_MADE)
    rentals = [scene.with_problem(access) for access in scene.desired.rentals]
    writes = field_writes(
        reading.snapshot.rentals,
        rentals,
        reading.access,
        codes,
        {access.rental for access in rentals},
        heirs=scene.heirs,
    )
    return replace(
        scene,
        writes={write.rental: write for write in writes},
        in_step=not writes and codes == reading.record.codes and _is_in_step(scene, observed, progress, reading),
    )


def work_of(row: SubjectRow, paused: str) -> Work:
    return Work(state=row.state, due_at=row.due_at, attempts=row.attempts, note=row.note, paused=paused)


def _is_in_step(scene: Scene, observed: Observed, progress: Progress, reading: Reading) -> bool:
    """Tell whether a run would find nothing to do, nobody to tell of anything, and nothing to remember."""
    record, desired = reading.record, scene.desired
    if scene.plan.changes or scene.asks_new_code or reading.snapshot.unreadable or record.holds:
        return False
    if not observed.exists and record.codes.current is not None and not desired.needs_code:
        return False
    progress.observed, progress.unfinished = observed, scene.plan
    certainty = progress.certainty(desired)
    after = after_run(desired, progress.access, observed, certainty, reading.now)
    problems = staff_problems(
        reading.snapshot, desired, scene.refused_codes, {}, field_prefix=scene.prefix, records=after
    )
    return (
        not certainty
        and {unit: str(problem) for unit, (problem, _) in problems.items()} == scene.open_tasks
        and _wakes_in_time(scene)
        and all(_is_as_before(one, record.access.get(rental)) for rental, one in after.items())
    )


def _is_as_before(after: AccessRecord, before: AccessRecord | None) -> bool:
    """Tell whether a record would stay as it is; that old flips are forgotten is worth no run."""
    return before is not None and (after == before or replace(after, flips=before.flips) == before)


def _wakes_in_time(scene: Scene) -> bool:
    """Tell whether the next run is due by the time at which the rules would say something else."""
    turn, work = scene.desired.next_change, scene.work
    return turn is None or (work is not None and work.due_at is not None and work.due_at <= turn)


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
