"""When an account at a provider was added, and which one began a sign-in with a second step."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    column = sa.Column("before_verification", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("accounts", column)
    op.add_column("sign_in_challenges", sa.Column("provider_id", sa.Text))
