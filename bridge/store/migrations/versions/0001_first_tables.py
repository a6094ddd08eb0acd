"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", _ID, nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event_type", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state <> 'new' OR due_at IS NOT NULL", name="delivery_due"),
        sa.CheckConstraint(
            "state IN ('new', 'running', 'done', 'ignored', 'test', 'quarantined', 'dead')", name="delivery_state"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection", "event_id", name="delivery_once"),
    )
    op.create_index("delivery_by_connection", "delivery", ["connection", "id"], unique=False)
    set_aside = sa.text("state = 'ignored' OR state = 'test' OR state = 'quarantined' OR state = 'dead'")
    op.create_index(
        "delivery_set_aside",
        "delivery",
        ["state", "id"],
        unique=False,
        sqlite_where=set_aside,
        postgresql_where=set_aside,
    )
    op.create_index(
        "delivery_claim",
        "delivery",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )
    op.create_index(
        "delivery_lease",
        "delivery",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "ledger",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=True),
        sa.Column("site", sa.String(), nullable=True),
        sa.Column("tenant", sa.String(), nullable=True),
        sa.Column("rental", sa.String(), nullable=True),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ledger_alert",
        "ledger",
        ["id"],
        unique=False,
        sqlite_where=sa.text("kind = 'alert'"),
        postgresql_where=sa.text("kind = 'alert'"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "subject",
        sa.Column("id", _ID, nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("taken_generation", sa.Integer(), server_default="0", nullable=False),
        sa.Column("marked_since", sa.BigInteger(), nullable=True),
        sa.Column("taken_since", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("ref", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("state <> 'ready' OR due_at IS NOT NULL", name="subject_due"),
        sa.CheckConstraint("state IN ('idle', 'ready', 'running', 'dead')", name="subject_state"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("connection", "site", "tenant", name="subject_once"),
    )
    op.create_index(
        "subject_claim",
        "subject",
        ["priority", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "subject_dead",
        "subject",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "subject_lease",
        "subject",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "subject_next",
        "subject",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_table(
        "transfer",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("left_rental", sa.String(), nullable=False),
        sa.Column("heir", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "left_rental"),
    )
    op.create_index("transfer_by_heir", "transfer", ["connection", "heir"], unique=False)
    op.create_table(
        "access",
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("rental", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("targets", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("reasons", sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("certainty", sa.String(), server_default="unknown", nullable=False),
        sa.Column("written_status", sa.String(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("rotated", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("handover", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "rental"),
    )
    op.create_table(
        "code",
        sa.Column("id", _ID, nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('current', 'retired')", name="code_state"),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("code_by_fingerprint", "code", ["connection", "site", "fingerprint"], unique=False)
    op.create_index(
        "code_in_force_once",
        "code",
        ["connection", "site", "fingerprint"],
        unique=True,
        sqlite_where=sa.text("state = 'current'"),
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_index("code_of_subject", "code", ["subject_id", "id"], unique=False)
    op.create_index(
        "code_one_in_force",
        "code",
        ["subject_id"],
        unique=True,
        sqlite_where=sa.text("state = 'current'"),
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "delivery_subject",
        sa.Column("delivery_id", _ID, nullable=False),
        sa.Column("subject_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id", "subject_id"),
    )
    op.create_table(
        "task",
        sa.Column("subject_id", _ID, nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("platform_id", sa.String(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["subject.id"],
        ),
        sa.PrimaryKeyConstraint("subject_id", "unit"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER ledger_no_{change.lower()} BEFORE {change} ON ledger "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )


def downgrade() -> None:
    """Drop everything: only of use to an empty database."""
    for table in ("delivery_subject", "access", "code", "task", "transfer", "ledger", "meta", "delivery", "subject"):
        op.drop_table(table)
