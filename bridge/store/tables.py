"""The tables, and why each index is there.

Predicates of partial indexes name their states literally, and so must the queries that want them (`literally`): a bound
parameter keeps SQLite from using them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from bridge.domain.access import Certainty, Loss
from bridge.domain.deliveries import DeliveryState
from bridge.domain.operations import ItemState, OperationState
from bridge.domain.queueing import Priority

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class SubjectState(StrEnum):
    IDLE = "idle"
    READY = "ready"
    RUNNING = "running"
    DEAD = "dead"


class CodeState(StrEnum):
    CURRENT = "current"
    RETIRED = "retired"


SET_ASIDE: Final = (DeliveryState.IGNORED, DeliveryState.TEST, DeliveryState.QUARANTINED, DeliveryState.DEAD)
"""Neither waiting nor the many that are done. A full index on the state would draw claims away from theirs."""
DELIVERED: Final = (Priority.LIVE, Priority.BULK)
"""What a delivery's priority may be."""
AGEING: Final = "state IN ('done', 'ignored', 'test', 'quarantined')"
"""What time removes. An index on it serves only a query that repeats it word for word: lists keep to theirs."""


def to_micros(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970, UTC: it sorts, and no zone or text form can be got wrong."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime in, one in UTC out."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        del dialect
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        del dialect
        return None if value is None else from_micros(value)


def literally(state: StrEnum) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{state}'", sa.String())


def _one_of(column: str, words: Iterable[StrEnum], name: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=name)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    predicate = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=predicate, postgresql_where=predicate)


def _counter(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


metadata = sa.MetaData()
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EMPTY_OBJECT: Final = sa.text("'{}'")
_EMPTY_LIST: Final = sa.text("'[]'")

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("connection", sa.String, nullable=False),
    sa.Column("event_id", sa.String, nullable=False),
    sa.Column("event_type", sa.String, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("headers", sa.JSON, nullable=False, server_default=_EMPTY_OBJECT),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("note", sa.String),
    sa.Column("due_at", Instant),
    _counter("attempts"),
    _counter("fence"),
    sa.Column("lease_until", Instant),
    sa.Column("lease_owner", sa.BigInteger),
    _counter("interrupted"),
    sa.Column("priority", sa.Integer, nullable=False, server_default=str(int(Priority.LIVE))),
    sa.Column("is_emptied", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("connection", "event_id", name="delivery_once"),
    _one_of("state", DeliveryState, "delivery_state"),
    sa.CheckConstraint("state <> 'new' OR due_at IS NOT NULL", name="delivery_due"),
    _partial("delivery_line", "priority", "due_at", "id", where="state = 'new'"),
    _partial("delivery_lease", "lease_until", where="state = 'running'"),
    _partial("delivery_set_aside", "state", "id", where=" OR ".join(f"state = '{state}'" for state in SET_ASIDE)),
    _partial("delivery_by_age", "state", "is_emptied", "received_at", where=AGEING),
    sa.Index("delivery_by_connection", "connection", "id"),
)

subject = sa.Table(
    "subject",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("connection", sa.String, nullable=False),
    sa.Column("site", sa.String, nullable=False),
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("due_at", Instant),
    _counter("generation"),
    _counter("taken_generation"),
    sa.Column("marked_since", Instant),
    sa.Column("taken_since", Instant),
    _counter("attempts"),
    _counter("fence"),
    sa.Column("lease_until", Instant),
    sa.Column("lease_owner", sa.BigInteger),
    _counter("interrupted"),
    _counter("closing"),
    sa.Column("note", sa.String),
    sa.Column("ref", sa.JSON(none_as_null=True)),
    sa.Column("profile", sa.String),
    sa.Column("shadow", sa.JSON(none_as_null=True)),
    sa.UniqueConstraint("connection", "site", "tenant", name="subject_once"),
    _one_of("state", SubjectState, "subject_state"),
    sa.CheckConstraint("state <> 'ready' OR due_at IS NOT NULL", name="subject_due"),
    _partial("subject_claim", "priority", "due_at", "id", where="state = 'ready'"),
    _partial("subject_closing", "due_at", "id", where="state = 'ready' AND closing = 1"),
    _partial("subject_next", "due_at", where="state = 'ready'"),
    _partial("subject_lease", "lease_until", where="state = 'running'"),
    _partial("subject_dead", "id", where="state = 'dead'"),
)

delivery_subject = sa.Table(
    "delivery_subject",
    metadata,
    sa.Column("delivery_id", sa.ForeignKey("delivery.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("subject_id", sa.ForeignKey("subject.id"), primary_key=True),
)

access = sa.Table(
    "access",
    metadata,
    sa.Column("subject_id", sa.ForeignKey("subject.id"), primary_key=True),
    sa.Column("rental", sa.String, primary_key=True),
    sa.Column("unit", sa.String),
    sa.Column("targets", sa.JSON, nullable=False, server_default=_EMPTY_LIST),
    sa.Column("status", sa.String),
    sa.Column("reasons", sa.JSON, nullable=False, server_default=_EMPTY_LIST),
    sa.Column("certainty", sa.String, nullable=False, server_default=Certainty.UNKNOWN.value),
    sa.Column("written_status", sa.String),
    sa.Column("since", Instant),
    sa.Column("rotated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("handover", sa.String),
    sa.Column("overdue_since", Instant),
    sa.Column("flips", sa.JSON, nullable=False, server_default=_EMPTY_LIST),
    sa.Column("staff_lock", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("unsure", sa.JSON, nullable=False, server_default=_EMPTY_LIST),
    sa.Index("access_by_rental", "rental"),
    sa.Index("access_by_unit", "unit"),
)

code = sa.Table(
    "code",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("subject_id", sa.ForeignKey("subject.id"), nullable=False),
    sa.Column("connection", sa.String, nullable=False),
    sa.Column("site", sa.String, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("taken_at", Instant, nullable=False),
    sa.Column("retired_at", Instant),
    sa.Column("taken", sa.Boolean, nullable=False, server_default=sa.false()),
    _one_of("state", CodeState, "code_state"),
    sa.Index("code_of_subject", "subject_id", "id"),
    sa.Index("code_by_fingerprint", "connection", "site", "fingerprint"),
    _partial("code_in_force_once", "connection", "site", "fingerprint", where="state = 'current'", unique=True),
    _partial("code_one_in_force", "subject_id", where="state = 'current'", unique=True),
)

transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("connection", sa.String, primary_key=True),
    sa.Column("left_rental", sa.String, primary_key=True),
    sa.Column("heir", sa.String, nullable=False),
    sa.Column("seen_at", Instant, nullable=False, server_default="0"),
    sa.Index("transfer_by_heir", "connection", "heir"),
)

task = sa.Table(
    "task",
    metadata,
    sa.Column("subject_id", sa.ForeignKey("subject.id"), primary_key=True),
    sa.Column("unit", sa.String, primary_key=True),
    sa.Column("problem", sa.String, nullable=False),
    sa.Column("platform_id", sa.String, nullable=False),
    sa.Column("told_at", Instant, nullable=False),
)

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("connection", sa.String),
    sa.Column("site", sa.String),
    sa.Column("tenant", sa.String),
    sa.Column("rental", sa.String),
    sa.Column("target", sa.String),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("chain", sa.String, nullable=False),
    _partial("ledger_alert", "id", where="kind = 'alert'"),
    _partial("ledger_shadow", "connection", "site", "at", where="kind = 'shadow'"),
    _partial("ledger_by_target", "target", "connection", "site", "tenant", where="target IS NOT NULL"),
    _partial("ledger_by_tenant", "tenant", "connection", "site", "id", where="tenant IS NOT NULL"),
)

loss = sa.Table(
    "loss",
    metadata,
    sa.Column("connection", sa.String, primary_key=True),
    sa.Column("site", sa.String, primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("rental", sa.String, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("site_had", sa.Integer, nullable=False),
    sa.Column("connection_had", sa.Integer, nullable=False),
    _one_of("kind", Loss, "loss_kind"),
    # The last day of a connection is read with each loss, and what is old is dropped by it.
    sa.Index("loss_by_time", "connection", "at"),
)

# Few rows, for as long as a person is waited for: by site it is read whole.
hold = sa.Table(
    "hold",
    metadata,
    sa.Column("subject_id", sa.ForeignKey("subject.id"), primary_key=True),
    sa.Column("kind", sa.String, primary_key=True),
    sa.Column("rental", sa.String, primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Column("why", sa.String, nullable=False),
    sa.Column("released_at", Instant),
    _one_of("kind", Loss, "hold_kind"),
)

# Few rows; an empty site means every site. Each reading of a subject asks for its own.
revocation = sa.Table(
    "revocation",
    metadata,
    sa.Column("connection", sa.String, primary_key=True),
    sa.Column("tenant", sa.String, primary_key=True),
    sa.Column("site", sa.String, primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
)

listing = sa.Table(
    "listing",
    metadata,
    sa.Column("connection", sa.String, primary_key=True),
    sa.Column("site", sa.String, primary_key=True),
    sa.Column("rentals", sa.Integer, nullable=False),
    sa.Column("kept_at", Instant, nullable=False),
    sa.Column("doubted_since", Instant),
    sa.Column("counted", sa.Integer),
    sa.Column("counted_at", Instant),
)

sight = sa.Table(
    "sight",
    metadata,
    sa.Column("subject_id", sa.ForeignKey("subject.id"), primary_key=True),
    sa.Column("seen", sa.JSON, nullable=False),
    _counter("drifts"),
    # A row a person, of which people ask for the few that have drifted.
    _partial("sight_drifted", "subject_id", where="drifts > 0"),
)

operation = sa.Table(
    "operation",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("asked", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("ended_at", Instant),
    _one_of("state", OperationState, "operation_state"),
    # Looked for twice a second while one is at work, and each time that the worker has nothing else to do.
    _partial("operation_open", "id", where="state IN ('running', 'cancelling')"),
)

operation_item = sa.Table(
    "operation_item",
    metadata,
    sa.Column("operation_id", sa.ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("connection", sa.String, nullable=False),
    sa.Column("site", sa.String, nullable=False),
    sa.Column("tenant", sa.String, nullable=False),
    sa.Column("rental", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("generation", sa.Integer),
    sa.Column("before", sa.JSON(none_as_null=True)),
    sa.Column("why", sa.String),
    sa.Column("due_at", Instant),
    _one_of("state", ItemState, "operation_item_state"),
    sa.Index("operation_item_by_state", "operation_id", "state", "place"),
)

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("lines", sa.JSON(none_as_null=True)),
)

account_book = sa.Table(
    "account_book",
    metadata,
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("book", sa.String, nullable=False),
)

shelf = sa.Table(
    "shelf",
    metadata,
    sa.Column("connection", sa.String, primary_key=True),
    sa.Column("site", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
