"""How many tenants may lose their access before a person is asked."""

from dataclasses import dataclass, field
from typing import Final

from bridge.domain.access import Loss

NO_LIMIT: Final = 100
"""A percentage that limits nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """`per_hour` rentals, and `percent_per_day` of those that had access in that time; None limits nothing."""

    per_hour: int | None = None
    percent_per_day: float | None = None

    @property
    def is_on(self) -> bool:
        return self.per_hour is not None or self.has_share

    @property
    def has_share(self) -> bool:
        return self.percent_per_day is not None and self.percent_per_day < NO_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What may be lost for good, and what for a while."""

    removals: Budget = Budget()
    suspensions: Budget = Budget()

    def of(self, loss: Loss) -> Budget:
        return self.removals if loss is Loss.REMOVAL else self.suspensions


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBudgets:
    """Those of a site, and those that it shares with the other sites of its connection."""

    site: Budgets = field(default_factory=Budgets)
    connection: Budgets = field(default_factory=Budgets)

    def limits(self, loss: Loss) -> bool:
        return self.site.of(loss).is_on or self.connection.of(loss).is_on

    def judges(self, loss: Loss) -> bool:
        """Tell whether the book is to be asked: for a removal always, since the book itself may be doubted."""
        return loss is Loss.REMOVAL or self.limits(loss)

    @property
    def counts_connection(self) -> bool:
        """Tell whether a share of all that the connection's sites have is asked for."""
        return any(self.connection.of(loss).has_share for loss in Loss)
