"""Whom a question is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.ids import SiteId


class By(StrEnum):
    TENANT = "tenant"
    RENTAL = "rental"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """A tenant, a rental or a unit, by the platform's id of it; a unit by its name too. With `site`, only there.

    `id` is as somebody typed it.
    """

    by: By
    id: str
    site: SiteId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Those whom all of these lead to. With none of tenant, rental and unit, everybody at the site, or at all sites."""

    tenant: str | None = None
    rental: str | None = None
    unit: str | None = None
    site: SiteId | None = None

    @property
    def named(self) -> Sequence[Whom]:
        asked = {By.TENANT: self.tenant, By.RENTAL: self.rental, By.UNIT: self.unit}
        return [Whom(by=by, id=text, site=self.site) for by, text in asked.items() if text is not None]

    def words(self) -> str:
        """Return it as one types it."""
        asked = {"tenant": self.tenant, "rental": self.rental, "unit": self.unit, "site": self.site}
        return " ".join(f"--{name} {text}" for name, text in asked.items() if text is not None) or "--all"
