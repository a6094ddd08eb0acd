"""Sites in shadow: what was rehearsed of each tenant, and the notes of it in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OF_SHADOWS = sa.text("kind = 'shadow'")


def upgrade() -> None:
    op.add_column("subject", sa.Column("shadow", sa.JSON(), nullable=True))
    op.create_index(
        "ledger_shadow",
        "ledger",
        ["connection", "site", "at"],
        unique=False,
        sqlite_where=_OF_SHADOWS,
        postgresql_where=_OF_SHADOWS,
    )


def downgrade() -> None:
    op.drop_index("ledger_shadow", table_name="ledger")
    op.drop_column("subject", "shadow")
