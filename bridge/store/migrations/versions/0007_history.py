"""A door's history, and a tenant's, are found in the ledger without reading all of it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OF_A_DOOR = sa.text("target IS NOT NULL")
_OF_A_TENANT = sa.text("tenant IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ledger_by_target",
        "ledger",
        ["target", "connection", "site", "tenant"],
        unique=False,
        sqlite_where=_OF_A_DOOR,
        postgresql_where=_OF_A_DOOR,
    )
    op.create_index(
        "ledger_by_tenant",
        "ledger",
        ["tenant", "connection", "site", "id"],
        unique=False,
        sqlite_where=_OF_A_TENANT,
        postgresql_where=_OF_A_TENANT,
    )


def downgrade() -> None:
    op.drop_index("ledger_by_tenant", table_name="ledger")
    op.drop_index("ledger_by_target", table_name="ledger")
