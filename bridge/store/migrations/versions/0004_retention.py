"""What is old is found by its age; a body that was emptied says so."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_AGEING = sa.text("state IN ('done', 'ignored', 'test', 'quarantined')")


def upgrade() -> None:
    op.add_column("delivery", sa.Column("is_emptied", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "delivery_by_age",
        "delivery",
        ["state", "is_emptied", "received_at"],
        unique=False,
        sqlite_where=_AGEING,
        postgresql_where=_AGEING,
    )


def downgrade() -> None:
    op.drop_index("delivery_by_age", table_name="delivery")
    op.drop_column("delivery", "is_emptied")
