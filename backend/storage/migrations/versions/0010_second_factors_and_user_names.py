"""Second factors, and user names."""

import sqlalchemy as sa
from alembic import op

from backend.storage.utc_datetime import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("users", sa.Column("username", sa.String(30)))
    op.add_column("users", sa.Column("display_username", sa.Text))
    disabled = sa.Column(
        "two_factor_enabled", sa.Boolean, nullable=False, server_default=sa.false()
    )
    op.add_column("users", disabled)
    op.create_index("users_username_key", "users", ["username"], unique=True)
    _create_factors()
    _create_trusted_browsers()
    _create_challenges()
    for table in ("trusted_browsers", "sign_in_challenges", "one_time_codes"):
        for column in ("user_id", "expires_at"):
            op.create_index(f"{table}_{column}_idx", table, [column])


def _create_factors() -> None:
    op.create_table(
        "two_factors",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("totp_secret", sa.LargeBinary),
        sa.Column("totp_confirmed", sa.Boolean, nullable=False),
        sa.Column("mail_codes", sa.Boolean, nullable=False),
        sa.Column("password_by_mail", sa.Boolean, nullable=False),
        sa.Column("failed_attempts", sa.Integer, nullable=False),
        sa.Column("locked_until", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="two_factors_pkey"),
        _of_user("two_factors"),
    )
    op.create_table(
        "backup_codes",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "digest", name="backup_codes_pkey"),
        _of_user("backup_codes"),
    )
    op.create_table(
        "totp_steps",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "step", name="totp_steps_pkey"),
        _of_user("totp_steps"),
    )


def _create_trusted_browsers() -> None:
    op.create_table(
        "trusted_browsers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("ip_address", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="trusted_browsers_pkey"),
        sa.UniqueConstraint("token_digest", name="trusted_browsers_token_digest_key"),
        _of_user("trusted_browsers"),
    )


def _create_challenges() -> None:
    op.create_table(
        "sign_in_challenges",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("token_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("remembered", sa.Boolean, nullable=False),
        sa.Column("mail_codes", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="sign_in_challenges_pkey"),
        sa.UniqueConstraint("token_digest", name="sign_in_challenges_token_digest_key"),
        _of_user("sign_in_challenges"),
    )
    op.create_table(
        "one_time_codes",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name="one_time_codes_pkey"),
        _of_user("one_time_codes"),
    )


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=f"{table}_user_id_fkey", ondelete="CASCADE"
    )
