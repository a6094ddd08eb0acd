"""A scenario file, read: what is set up, what happens step by step, and what must be so after each step."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from tests.scenarios import verbs
from tests.scenarios.verbs import FieldText, Part

Count = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^at most \d+$")]
Reply = Literal["open", "closed", "unknown code", "no code"]
Times = Annotated[str, Field(pattern=r"^([2-9]|[1-9]\d+) times$")]


class BadScenario(Exception):
    """The file does not say what it should; the message names the file and the step."""


class RentalIs(Part):
    """`code` is `kept` (the tenant's code so far), `new` (one they never had), `none`, `same as RENTAL`, or digits.

    `none` in any other field means that it is empty.
    """

    state: str | None = None
    status: str | None = None
    code: str | None = None
    overlocked: FieldText | None = None
    overdueUntil: FieldText | None = None  # noqa: N815 - the field's own name
    resync: FieldText | None = None


class CrowdIs(Part):
    status: str | None = None
    door: Reply | None = None


class Expect(Part):
    """What is not named is not looked at; what is named is exact."""

    doors: dict[str, dict[str, Reply]] = Field(default_factory=dict)
    rentals: dict[str, RentalIs] = Field(default_factory=dict)
    crowd: CrowdIs = CrowdIs()
    people: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    alerts: tuple[str, ...] | None = None
    answers: tuple[str, ...] | None = None
    deliveries: dict[str, int] = Field(default_factory=dict)
    subjects: dict[str, int] | None = None
    vendor_calls: Count | None = None
    vendor_writes: Count | None = None
    platform_calls: Count | None = None
    platform_writes: Count | None = None


class Step(Part):
    """A moment, at most one thing that happens then, and what must be so when the bridge has come to rest."""

    at: str | None = None
    after: str | None = None

    move_in: verbs.MoveIn | None = None
    complete_move_in: str | None = None
    cancel_move_in: str | None = None
    change_start: verbs.OnDay | None = None
    schedule_move_out: verbs.OnDay | None = None
    cancel_move_out: str | None = None
    confirm_move_out: str | None = None
    transfer: verbs.Transfer | None = None
    mark_overdue: str | None = None
    mark_overdue_together: tuple[str, ...] | None = None
    pay: str | None = None
    owe: verbs.OnDay | None = None
    edit: verbs.Edit | None = None
    toggle_overlock: verbs.Toggle | None = None
    map_unit: verbs.MapUnit | None = None
    block_unit: str | None = None
    unblock_unit: str | None = None
    edit_tenant: verbs.EditTenant | None = None
    forget: str | None = None
    crowd: Annotated[int, Field(ge=1, le=99)] | None = None
    daily_sign: Literal[True] | None = None

    redeliver: str | None = None
    replay: str | None = None
    post: verbs.Post | None = None

    fault_platform: verbs.PlatformFault | None = None
    platform_answers: verbs.Answers | None = None
    mend_platform: Literal[True] | None = None
    fault_gate: verbs.GateFault | None = None
    mend_gate: Literal[True] | None = None
    stranger: verbs.Stranger | None = None
    remove_at_gate: str | None = None

    sweep: Literal[True] | None = None
    restart: Literal[True] | None = None
    crash: verbs.Crash | None = None

    deliver: Literal["in order", "newest first", "lost"] | Times = "in order"
    settle: bool | Literal["stored", "looked up"] = True
    expect: Expect = Expect()

    @property
    def verb(self) -> str | None:
        said = [name for name in self.model_fields_set if name not in NOT_VERBS]
        return next(iter(said), None)

    @property
    def takes_time(self) -> bool:
        return self.at is not None or self.after is not None

    @property
    def is_quiet(self) -> bool:
        """Tell whether the time before the step passes without the bridge."""
        return self.settle is not True or self.deliver != "in order"

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Step":
        said = sorted(name for name in self.model_fields_set if name not in NOT_VERBS)
        if len(said) > 1:
            raise ValueError(f"one thing a step, not {' and '.join(said)}")
        if self.at is not None and self.after is not None:
            raise ValueError("at or after, not both")
        if self.model_fields_set <= {"settle", "deliver"}:
            raise ValueError("nothing happens, no time passes and nothing is expected")
        return self


NOT_VERBS = {"at", "after", "deliver", "settle", "expect"}


class SiteSetup(Part):
    """`policy` has the keys of `[sites.policy]` in gatebridge.toml."""

    zone: str = "Europe/London"
    policy: dict[str, Any] = Field(default_factory=dict)


class PlatformSetup(Part):
    """`events` are those that the webhook is set up for: the recommended ones, or all that there are."""

    zone: str = "Europe/London"
    envelope: Literal["A", "B", "C", "D"] = "B"
    events: Literal["recommended", "all"] = "recommended"
    hides_ended: bool = False


class GateSetup(Part):
    """Which kind of controller stands there, and how many people it has a place for."""

    capacity: int | None = None
    codes: Literal["given", "made"] = "given"
    shows_codes: bool = True
    suspends: Literal["target", "person"] = "target"


class Story(Part):
    """`awaits` says what the bridge cannot do yet: the scenario must fail until it can."""

    title: str
    covers: Annotated[tuple[Annotated[str, Field(pattern=r"^(S[1-9]\d?|A\d\d)$")], ...], Field(min_length=1)]
    awaits: str | None = None
    now: str = "2026-03-04 12:00"
    site: SiteSetup = SiteSetup()
    hilltop: SiteSetup | None = None
    platform: PlatformSetup = PlatformSetup()
    gate: GateSetup = GateSetup()
    step: Annotated[tuple[Step, ...], Field(min_length=1)]


def read(path: Path) -> Story:
    """Return the scenario. Raises `BadScenario` naming the file, and the step by its number from 1."""
    try:
        return Story.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"{path.name}: {error}") from None
    except ValidationError as error:
        told = "; ".join(f"{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise BadScenario(f"{path.name}: {told}") from None


def _place(loc: Sequence[int | str]) -> str:
    if len(loc) > 1 and loc[0] == "step":
        return " ".join([f"step {int(loc[1]) + 1}", ".".join(str(part) for part in loc[2:])]).strip()
    return ".".join(str(part) for part in loc)
