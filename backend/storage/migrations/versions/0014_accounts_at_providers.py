"""Accounts at providers, and sign-ins that are there."""

import sqlalchemy as sa
from alembic import op

from backend.storage.utc_datetime import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("provider_id", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("access_token", sa.LargeBinary),
        sa.Column("refresh_token", sa.LargeBinary),
        sa.Column("id_token", sa.LargeBinary),
        sa.Column("access_token_expires_at", UtcDateTime),
        sa.Column("refresh_token_expires_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="accounts_pkey"),
        _of_user("accounts"),
    )
    key = ["provider_id", "account_id", "issuer"]
    op.create_index("accounts_provider_key", "accounts", key, unique=True)
    op.create_index("accounts_user_id_idx", "accounts", ["user_id"])
    op.create_table(
        "oauth_states",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("state_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("provider_id", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("forwarded", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("user_id", sa.Uuid),
        sa.Column("session_id", sa.Uuid),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="oauth_states_pkey"),
        sa.UniqueConstraint("state_digest", name="oauth_states_state_digest_key"),
        _of_user("oauth_states"),
    )
    for column in ("user_id", "expires_at"):
        op.create_index(f"oauth_states_{column}_idx", "oauth_states", [column])


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    name = f"{table}_user_id_fkey"
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="CASCADE")
