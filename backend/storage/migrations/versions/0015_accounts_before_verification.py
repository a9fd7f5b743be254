"""Whether an account at a provider was added before the address of its user was verified."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    column = sa.Column("before_verification", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("accounts", column)
