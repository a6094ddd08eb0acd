"""How far a site's changes have been looked at, and what of them is new.

All times are UTC by the platform's clock: a bookmark is the newest change that the platform has shown, so that a clock
of ours that is wrong cannot step over anything.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from bridge.domain.ids import RentalId


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A bookmark. Of the changes that the overlap shows again, `seen` are marked already: rentals and their stamps.

    `told` are jobs of which people were told that their deliveries never came, with the stamps of these.
    """

    at: datetime
    seen: Mapping[RentalId, datetime] = field(default_factory=dict)
    told: Mapping[str, datetime] = field(default_factory=dict)

    def to_text(self) -> str:
        """Return what `from_text` reads."""
        stamps = {name: _texts(getattr(self, name)) for name in ("seen", "told")}
        return json.dumps({"at": self.at.isoformat(), **stamps}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raises `ValueError` for anything that `to_text` did not write."""
        kept = json.loads(text)
        try:
            seen = {RentalId(name): at for name, at in _moments(kept["seen"]).items()}
            return cls(at=_moment(kept["at"]), seen=seen, told=_moments(kept["told"]))
        except (TypeError, KeyError, AttributeError):
            raise ValueError("no bookmark") from None

    def moved_on(
        self,
        changed: Mapping[RentalId, datetime],
        *,
        waiting: Collection[RentalId],
        told: Mapping[str, datetime],
        overlap: timedelta,
        latest: datetime,
    ) -> Self:
        """Return the place after these changes were marked: at the newest of them, and never before this one.

        It stops at the oldest of those that are `waiting`, which are to be shown again, and at `latest`: a stamp from
        far ahead must not hide what comes before it.
        """
        newest = min(max(changed.values(), default=self.at), latest)
        held = min((changed[rental] for rental in waiting), default=newest)
        at = max(self.at, min(newest, held))
        since = at - overlap
        return type(self)(
            at=at,
            seen={rental: stamp for rental, stamp in changed.items() if stamp > since and rental not in waiting},
            told={job: stamp for job, stamp in {**self.told, **told}.items() if stamp > since},
        )


def _texts(stamps: Mapping[Any, datetime]) -> Mapping[Any, str]:
    return {name: stamp.isoformat() for name, stamp in sorted(stamps.items())}


def _moments(texts: Mapping[str, str]) -> dict[str, datetime]:
    return {name: _moment(text) for name, text in texts.items()}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no bookmark")
    return moment
