"""Whom a question is about."""

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
