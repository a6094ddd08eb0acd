"""Several processes on one database: who has a lease, who goes first, and how calls are shared out."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NEW = sa.text("state = 'new'")
_CLOSING = sa.text("state = 'ready' AND closing = 1")


def upgrade() -> None:
    op.add_column("delivery", sa.Column("lease_owner", sa.BigInteger(), nullable=True))
    op.add_column("delivery", sa.Column("priority", sa.Integer(), server_default="10", nullable=False))
    op.add_column("subject", sa.Column("lease_owner", sa.BigInteger(), nullable=True))
    op.add_column("subject", sa.Column("closing", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("delivery_claim", table_name="delivery")
    op.create_index(
        "delivery_line",
        "delivery",
        ["priority", "due_at", "id"],
        unique=False,
        sqlite_where=_NEW,
        postgresql_where=_NEW,
    )
    op.create_index(
        "subject_closing",
        "subject",
        ["due_at", "id"],
        unique=False,
        sqlite_where=_CLOSING,
        postgresql_where=_CLOSING,
    )
    for table in ("delivery", "subject"):
        op.add_column(table, sa.Column("interrupted", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "account_book",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only()"
        )
        op.execute("CREATE SEQUENCE lease_owner AS integer CYCLE")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE lease_owner")
        op.execute("DROP TRIGGER ledger_no_change ON ledger")
        op.execute("DROP FUNCTION ledger_is_append_only()")
    op.drop_table("account_book")
    op.drop_index("subject_closing", table_name="subject")
    op.drop_index("delivery_line", table_name="delivery")
    op.create_index(
        "delivery_claim", "delivery", ["due_at", "id"], unique=False, sqlite_where=_NEW, postgresql_where=_NEW
    )
    for table in ("delivery", "subject"):
        op.drop_column(table, "interrupted")
    op.drop_column("subject", "closing")
    op.drop_column("subject", "lease_owner")
    op.drop_column("delivery", "priority")
    op.drop_column("delivery", "lease_owner")
