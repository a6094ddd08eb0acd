"""What the complete rules of access remember: since when, how often, told to whom."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subject", sa.Column("profile", sa.String(), nullable=True))
    op.add_column("access", sa.Column("overdue_since", sa.BigInteger(), nullable=True))
    op.add_column("access", sa.Column("flips", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.add_column("access", sa.Column("staff_lock", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("access", sa.Column("unsure", sa.JSON(), server_default=sa.text("'[]'"), nullable=False))
    op.create_index("access_by_rental", "access", ["rental"], unique=False)
    op.create_index("access_by_unit", "access", ["unit"], unique=False)
    op.add_column("code", sa.Column("taken", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("transfer", sa.Column("seen_at", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("transfer", "seen_at")
    op.drop_column("code", "taken")
    op.drop_index("access_by_unit", table_name="access")
    op.drop_index("access_by_rental", table_name="access")
    op.drop_column("access", "unsure")
    op.drop_column("access", "staff_lock")
    op.drop_column("access", "flips")
    op.drop_column("access", "overdue_since")
    op.drop_column("subject", "profile")
