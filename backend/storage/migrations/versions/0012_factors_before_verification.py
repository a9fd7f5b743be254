"""Whether the second factors of a user were set up before the address was verified."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    # Who had set them up at an earlier version counts as their owner.
    column = sa.Column("before_verification", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("two_factors", column)
