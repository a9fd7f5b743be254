"""Whether somebody else tried to sign up with an unverified address."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    contested = sa.Column("email_contested", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("users", contested)
