"""Days by the site's wall clock."""

import re
from datetime import date, datetime, tzinfo
from typing import Final

from bridge.sdk import Anomaly

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2199
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ].+", re.ASCII)


def read_day(text: str | None, zone: tzinfo, what: str) -> date | None:
    """Return the day that `text` names, None where it is absent or blank. Raises `Anomaly` naming `what`.

    A day is `YYYY-MM-DD`. An ISO time stamp is the day that it falls on in `zone`, or its own date where it has no
    offset. Years far from now are refused: they are typing errors that would open or close a door for ever.
    """
    if text is None or not text.strip():
        return None
    day = _day_of(text.strip(), zone)
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Anomaly(f"{what} is no date between {FIRST_YEAR} and {LAST_YEAR}")
    return day


def _day_of(text: str, zone: tzinfo) -> date | None:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo is None else moment.astimezone(zone)).date()
    except (ValueError, OverflowError):
        return None
    return None
