"""Operations with their tenants, and plans that may be approved."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('running', 'cancelling')")
_STATES = "state IN ('running', 'cancelling', 'cancelled', 'done')"
_ITEM_STATES = "state IN ('waiting', 'running', 'done', 'retrying', 'dead', 'cancelled')"
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "operation",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(_STATES, name="operation_state"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("operation_open", "operation", ["id"], unique=False, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_table(
        "operation_item",
        sa.Column("operation_id", _ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("rental", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(_ITEM_STATES, name="operation_item_state"),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("operation_id", "place"),
    )
    op.create_index("operation_item_by_state", "operation_item", ["operation_id", "state", "place"], unique=False)
    op.create_table(
        "approval",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )


def downgrade() -> None:
    op.drop_table("approval")
    op.drop_index("operation_item_by_state", table_name="operation_item")
    op.drop_table("operation_item")
    op.drop_index("operation_open", table_name="operation")
    op.drop_table("operation")
