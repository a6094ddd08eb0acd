"""A site's rules of access, as data."""

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo


class OverduePolicy(StrEnum):
    RENTAL = "rental"
    """A rental's own flag suspends it."""
    TENANT = "tenant"
    """Any overdue rental of the tenant at the site suspends all of them."""
    IGNORE = "ignore"


class MoveOutPolicy(StrEnum):
    KEEP = "keep"
    """Access stays until staff confirm the move-out."""
    END_OF_DAY = "end_of_day"
    """Access is suspended when the move-out date has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePolicy:
    zone: ZoneInfo
    overdue: OverduePolicy = OverduePolicy.RENTAL
    move_out_date: MoveOutPolicy = MoveOutPolicy.KEEP
