"""The blast-radius guard: what tenants have lost of late, and what waits for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('removal', 'suspension')"


def upgrade() -> None:
    op.create_table(
        "loss",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rental", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("site_had", sa.Integer(), nullable=False),
        sa.Column("connection_had", sa.Integer(), nullable=False),
        sa.CheckConstraint(_KINDS, name="loss_kind"),
        sa.PrimaryKeyConstraint("connection", "site", "kind", "rental"),
    )
    op.create_index("loss_by_time", "loss", ["connection", "at"], unique=False)
    op.create_table(
        "hold",
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rental", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(_KINDS, name="hold_kind"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"]),
        sa.PrimaryKeyConstraint("subject_id", "kind", "rental"),
    )


def downgrade() -> None:
    op.drop_table("hold")
    op.drop_index("loss_by_time", table_name="loss")
    op.drop_table("loss")
