"""Whether somebody else wanted to sign up with an address that nobody had proved to own."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    contested = sa.Column("email_contested", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("users", contested)
