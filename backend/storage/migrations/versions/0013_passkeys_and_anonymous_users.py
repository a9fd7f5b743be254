"""Passkeys, and users without an account."""

import sqlalchemy as sa
from alembic import op

from backend.storage.utc_datetime import UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    anonymous = sa.Column("is_anonymous", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("users", anonymous)
    op.create_index(
        "users_is_anonymous_idx",
        "users",
        ["id"],
        postgresql_where=sa.text("is_anonymous"),
        sqlite_where=sa.text("is_anonymous = 1"),
    )
    op.add_column("sign_in_challenges", sa.Column("anonymous_user_id", sa.Uuid))
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("credential_id", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("device_type", sa.Text, nullable=False),
        sa.Column("backed_up", sa.Boolean, nullable=False),
        sa.Column("transports", sa.Text),
        sa.Column("aaguid", sa.Text),
        sa.Column("rp_id", sa.Text, nullable=False),
        sa.Column("before_verification", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("last_used_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="passkeys_pkey"),
        sa.UniqueConstraint("credential_id", name="passkeys_credential_id_key"),
        _of_user("passkeys"),
    )
    op.create_index("passkeys_user_id_idx", "passkeys", ["user_id"])
    _create_challenges()


def _create_challenges() -> None:
    op.create_table(
        "passkey_challenges",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("challenge", sa.LargeBinary, nullable=False),
        sa.Column("rp_id", sa.Text, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="passkey_challenges_pkey"),
        sa.UniqueConstraint("token_digest", name="passkey_challenges_token_digest_key"),
        _of_user("passkey_challenges"),
    )
    for column in ("user_id", "expires_at"):
        name = f"passkey_challenges_{column}_idx"
        op.create_index(name, "passkey_challenges", [column])


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    name = f"{table}_user_id_fkey"
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="CASCADE")
