"""Users, sessions, the audit trail, and the triggers that notify every replica of changes."""

import sqlalchemy as sa
from alembic import op

from backend.storage.utc_datetime import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_users()
    _create_sessions()
    _create_audit_events()
    if op.get_bind().dialect.name == "postgresql":
        _announce_changes()


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("image", sa.Text),
        sa.Column("password_hash", sa.Text),
        sa.Column("role", sa.Text, nullable=False, server_default="user"),
        sa.Column("banned", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("ban_reason", sa.Text),
        sa.Column("ban_expires", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )


def _create_sessions() -> None:
    user = sa.ForeignKey("users.id", ondelete="CASCADE")
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, user, nullable=False),
        sa.Column("session_token", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("ip_address", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("remembered", sa.Boolean, nullable=False),
        sa.Column("impersonated_by", sa.Uuid),
    )
    op.create_index("sessions_user_id_idx", "sessions", ["user_id"])
    op.create_index("sessions_expires_at_idx", "sessions", ["expires_at"])


def _create_audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("subject_id", sa.Uuid),
        sa.Column("ip_address", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("audit_events_subject_id_id_idx", "audit_events", ["subject_id", "id"])


def _announce_changes() -> None:
    """Notify every listening process whose cached sessions to evict, when the change is committed.

    PostgreSQL merges equal messages of one transaction, so a bulk delete sends one per user. NOTIFY
    makes commits wait for each other; therefore nothing is sent for what no cache can contain: a
    new session, an extended one, one that had expired even by a clock that is minutes behind.
    """
    for statement in _ANNOUNCEMENTS:
        op.execute(sa.text(statement))


_ANNOUNCEMENTS = (
    """
    CREATE FUNCTION gatehouse_forget_user() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('gatehouse_forget', CASE TG_TABLE_NAME
            WHEN 'users' THEN to_jsonb(OLD) ->> 'id' ELSE to_jsonb(OLD) ->> 'user_id' END);
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION gatehouse_forget_everyone() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('gatehouse_forget', '*');
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER gatehouse_session_changed AFTER UPDATE ON sessions FOR EACH ROW
    WHEN (NEW.expires_at < OLD.expires_at
          OR (to_jsonb(OLD) - 'expires_at' - 'updated_at')
          IS DISTINCT FROM (to_jsonb(NEW) - 'expires_at' - 'updated_at'))
    EXECUTE FUNCTION gatehouse_forget_user()
    """,
    """
    CREATE TRIGGER gatehouse_session_ended AFTER DELETE ON sessions FOR EACH ROW
    WHEN (OLD.expires_at > now() - interval '10 minutes')
    EXECUTE FUNCTION gatehouse_forget_user()
    """,
    """
    CREATE TRIGGER gatehouse_user_changed AFTER UPDATE ON users FOR EACH ROW
    WHEN ((to_jsonb(OLD) - 'updated_at' - 'password_hash')
          IS DISTINCT FROM (to_jsonb(NEW) - 'updated_at' - 'password_hash'))
    EXECUTE FUNCTION gatehouse_forget_user()
    """,
    """
    CREATE TRIGGER gatehouse_user_removed AFTER DELETE ON users FOR EACH ROW
    EXECUTE FUNCTION gatehouse_forget_user()
    """,
    """
    CREATE TRIGGER gatehouse_sessions_emptied AFTER TRUNCATE ON sessions
    EXECUTE FUNCTION gatehouse_forget_everyone()
    """,
    """
    CREATE TRIGGER gatehouse_users_emptied AFTER TRUNCATE ON users
    EXECUTE FUNCTION gatehouse_forget_everyone()
    """,
)
