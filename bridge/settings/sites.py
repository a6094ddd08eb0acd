"""The sections of accounts and sites: who is upstream, what stands at a site, and its rules."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from bridge.domain.budgets import Budget, Budgets
from bridge.domain.ids import ConnectionName, SiteId, TargetId, is_safe_target
from bridge.domain.policy import Blackout, CommonDoorsPolicy, DriftPolicy, MoveOutPolicy, OverduePolicy, SitePolicy
from bridge.settings.section import CallRate, CallsAtOnce, Section, ZoneName

MAX_HOURS: Final = 24 * 31
MAX_SILENCE_HOURS: Final = 24
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FIELD_PREFIX: Final = re.compile(r"[A-Za-z0-9-]{1,32}(_[A-Za-z0-9-]{1,32})*")
_HOURS: Final = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_PLATFORM_ID: Final = r"^[A-Za-z0-9_-]{1,64}$"


def _connection_name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise ValueError("must be 1 to 63 lower-case letters, digits or dashes: it is part of the webhook's URL")
    return name


def _field_prefix(prefix: str) -> str:
    if _FIELD_PREFIX.fullmatch(prefix) is None:
        raise ValueError("must be letters, digits, dashes and single underscores, as in custom-field codes")
    return prefix


def _target(name: str) -> str:
    if not is_safe_target(name):
        raise ValueError("must be the vendor's name of a door: printable, at most 256 characters, no blank edges")
    return name


def _each_once(doors: tuple[TargetId, ...]) -> tuple[TargetId, ...]:
    if len(set(doors)) < len(doors):
        raise ValueError("names a door twice")
    return doors


def _blackout(text: Any) -> Blackout | None:
    if text is None or isinstance(text, Blackout):
        return text
    found = _HOURS.fullmatch(text) if isinstance(text, str) else None
    try:
        start, end = (time.fromisoformat(part) for part in found.groups()) if found is not None else (None, None)
    except ValueError:
        start = end = None
    if start is None or end is None or start == end:
        raise ValueError('must be two different times of day, such as "22:00-06:00"')
    return Blackout(start=start, end=end)


def _silence(hours: float) -> float:
    if not (hours == 0 or 1 <= hours <= MAX_SILENCE_HOURS):
        raise ValueError(f"must be 1 to {MAX_SILENCE_HOURS} hours, or 0 to listen for nothing")
    return hours


Name = Annotated[ConnectionName, AfterValidator(_connection_name)]
Target = Annotated[TargetId, AfterValidator(_target)]


PerHour = Annotated[int | None, Field(ge=0)]
PercentPerDay = Annotated[float | None, Field(ge=0, le=100)]
"""Of the rentals that had access in that time. 100 limits nothing."""


class SharedBudgetSettings(Section):
    """How many rentals of a connection may lose their access before a person is asked; off by default."""

    removals_per_hour: PerHour = None
    removals_percent_per_day: PercentPerDay = None
    suspensions_per_hour: PerHour = None
    suspensions_percent_per_day: PercentPerDay = None

    def budgets(self) -> Budgets:
        """Return them as the judge reads them."""
        return Budgets(
            removals=Budget(per_hour=self.removals_per_hour, percent_per_day=self.removals_percent_per_day),
            suspensions=Budget(per_hour=self.suspensions_per_hour, percent_per_day=self.suspensions_percent_per_day),
        )


class BudgetSettings(SharedBudgetSettings):
    """The same of one site, where removals are limited unless that is turned off."""

    removals_per_hour: Annotated[int, Field(ge=0)] = 10
    removals_percent_per_day: Annotated[float, Field(ge=0, le=100)] = 20


class ConnectionSettings(Section):
    """One upstream account. Keys beside these belong to the source's own model."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    source: str
    timezone: ZoneName | None = None
    calls_per_second: CallRate = None
    concurrent_calls: CallsAtOnce = None
    """Default: `worker.concurrency`."""
    silence_hours: Annotated[float, AfterValidator(_silence)] = 3
    """A connection that is usually heard at this time of day may be silent for so long; 0 listens for nothing."""
    budget: SharedBudgetSettings = SharedBudgetSettings()

    @property
    def options(self) -> Mapping[str, Any]:
        return self.model_extra or {}

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Show the names of the source's keys only: which of them are secret, the source's model knows."""
        return [("source", self.source), ("timezone", self.timezone), ("options", sorted(self.options))]


class PolicySettings(Section):
    """Times are hours; `blackout` is two times of the site's wall clock, such as `"22:00-06:00"`."""

    overdue: OverduePolicy = OverduePolicy.RENTAL
    move_out_date: MoveOutPolicy = MoveOutPolicy.KEEP
    common_doors: Annotated[tuple[Target, ...], AfterValidator(_each_once)] = ()
    common_doors_open: CommonDoorsPolicy = CommonDoorsPolicy.ANY
    early_access_hours: Annotated[float, Field(ge=0, le=MAX_HOURS)] = 0
    overlap_hours: Annotated[float, Field(ge=0, le=MAX_HOURS)] = 0
    grace_hours: Annotated[float, Field(ge=0, le=MAX_HOURS)] = 0
    blackout: Annotated[Blackout | None, BeforeValidator(_blackout)] = None
    max_flips_per_hour: Annotated[int, Field(ge=1, le=1000)] = 10
    drift: DriftPolicy = DriftPolicy.HEAL

    def at(self, zone: ZoneInfo) -> SitePolicy:
        """Return the rules as the core applies them, by the wall clock of `zone`."""
        return SitePolicy(
            zone=zone,
            overdue=self.overdue,
            move_out_date=self.move_out_date,
            common_doors=self.common_doors,
            common_doors_open=self.common_doors_open,
            early_access=timedelta(hours=self.early_access_hours),
            overlap=timedelta(hours=self.overlap_hours),
            grace=timedelta(hours=self.grace_hours),
            blackout=self.blackout,
            max_flips=self.max_flips_per_hour,
            drift=self.drift,
        )


class PacingSettings(Section):
    """How much the vendor takes: of this site, and of the account that it shares with other sites of this vendor."""

    calls_per_second: CallRate = None
    concurrent_calls: CallsAtOnce = None
    account_calls_per_second: CallRate = None
    """The least that any site of the account says counts."""
    account_concurrent_calls: CallsAtOnce = None
    """Default: `worker.concurrency`."""


class Mode(StrEnum):
    LIVE = "live"
    SHADOW = "shadow"
    """Everything is read and planned, and nothing is written to vendor or platform."""


class SiteSettings(Section):
    connection: ConnectionName
    id: Annotated[SiteId, Field(pattern=_PLATFORM_ID)]
    addon_id: Annotated[str | None, Field(pattern=_PLATFORM_ID)] = None
    adapter: str
    field_prefix: Annotated[str, AfterValidator(_field_prefix)] | None = None
    timezone: ZoneName | None = None
    sweep_minutes: Annotated[float | None, Field(gt=0, le=24 * 60)] = None
    """Default: `worker.sweep_minutes`."""
    mode: Mode = Mode.LIVE
    options: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    pacing: PacingSettings = PacingSettings()
    policy: PolicySettings = PolicySettings()
    budget: BudgetSettings = BudgetSettings()
