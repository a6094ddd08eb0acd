"""How the last run left each person at the vendor: what is otherwise later, somebody there has done."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_HAS_DRIFT = sa.text("drifts > 0")


def upgrade() -> None:
    op.create_table(
        "sight",
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("drifts", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"]),
        sa.PrimaryKeyConstraint("subject_id"),
    )
    op.create_index(
        "sight_drifted",
        "sight",
        ["subject_id"],
        unique=False,
        sqlite_where=_HAS_DRIFT,
        postgresql_where=_HAS_DRIFT,
    )


def downgrade() -> None:
    op.drop_index("sight_drifted", table_name="sight")
    op.drop_table("sight")
