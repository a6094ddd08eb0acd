"""The feed's rows as text: JSON, or CSV that a spreadsheet cannot take for formulas. Pure."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from adapters.pull_feed.options import Column, PullFeedOptions, SuspendedRows
from adapters.pull_feed.wire import Row
from bridge.sdk import EntryState, FeedFormat, SiteId

Line = Mapping[str, str]
"""One row of the feed, by its headings in the order of the columns."""
_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?![\d., -]*$)")
"""What a spreadsheet would calculate; a number with a sign is none, and may be a unit's name."""


def lines_of(rows: Mapping[str, Row], options: PullFeedOptions) -> list[Line]:
    """Return a line for each door of each person, sorted by unit, then by the person's key."""
    words = {EntryState.ACTIVE: options.allowed_word, EntryState.SUSPENDED: options.denied_word}
    lines: list[Line] = []
    for target, key in sorted((target, key) for key, row in rows.items() for target in row.doors):
        row, state = rows[key], rows[key].doors[target].state
        if state is EntryState.SUSPENDED and options.suspended_rows is SuspendedRows.LEFT_OUT:
            continue
        cells = {
            Column.UNIT: str(target),
            Column.CODE: row.code.reveal(),
            Column.STATE: words[state],
            Column.PERSON: row.name,
        }
        lines.append({heading: cells[column] for column, heading in options.columns.items()})
    return lines


def body_of(form: FeedFormat, site: SiteId, version: str, lines: Sequence[Line], options: PullFeedOptions) -> bytes:
    return _WRITERS[form](site, version, lines, tuple(options.columns.values())).encode()


def _json(site: SiteId, version: str, lines: Sequence[Line], headings: Sequence[str]) -> str:
    del headings
    return json.dumps({"site": site, "version": version, "rows": lines}, ensure_ascii=False)


def _csv(site: SiteId, version: str, lines: Sequence[Line], headings: Sequence[str]) -> str:
    """Return RFC 4180: a line of headings, CRLF after each line, quotes where they are needed."""
    del site, version
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_harmless(cell) for cell in line.values()] for line in lines)
    return text.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


_WRITERS: Final[Mapping[FeedFormat, Callable[[SiteId, str, Sequence[Line], Sequence[str]], str]]] = {
    FeedFormat.JSON: _json,
    FeedFormat.CSV: _csv,
}
