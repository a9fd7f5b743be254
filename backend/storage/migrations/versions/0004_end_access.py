"""Triggers that end sessions when a user is banned, loses a role or is deleted, even by hand.

The API ends them itself, so that its own process evicts them at once. A change of `users` by hand
would leave them alive, and lifting a ban would bring them back. On PostgreSQL the deletes notify
every replica, by the triggers of 0001.

A later migration that rebuilds `users` on SQLite must create these again: a rebuilt table has no
triggers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# An expired ban ends sessions too, as clocks may differ; none is live then, for signing in lifts
# such a ban. On PostgreSQL the sessions are those in the schema of the table, whatever the search
# path of a manual change.


def upgrade() -> None:
    statements = _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE
    for statement in statements:
        op.execute(sa.text(statement))


_POSTGRESQL = (
    """
    CREATE FUNCTION gatehouse_end_access() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE 'DELETE FROM ' || quote_ident(TG_TABLE_SCHEMA) || '.sessions'
            || ' WHERE user_id = $1 OR impersonated_by = $1' USING OLD.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION gatehouse_end_impersonations() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE 'DELETE FROM ' || quote_ident(TG_TABLE_SCHEMA) || '.sessions'
            || ' WHERE impersonated_by = $1 OR (user_id = $1 AND impersonated_by IS NOT NULL)'
            USING OLD.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER gatehouse_user_banned AFTER UPDATE ON users FOR EACH ROW
    WHEN (NEW.banned AND (NOT OLD.banned OR NEW.ban_expires IS DISTINCT FROM OLD.ban_expires))
    EXECUTE FUNCTION gatehouse_end_access()
    """,
    """
    CREATE TRIGGER gatehouse_role_changed AFTER UPDATE ON users FOR EACH ROW
    WHEN (NEW.role IS DISTINCT FROM OLD.role)
    EXECUTE FUNCTION gatehouse_end_impersonations()
    """,
    """
    CREATE TRIGGER gatehouse_admin_removed AFTER DELETE ON users FOR EACH ROW
    EXECUTE FUNCTION gatehouse_end_impersonations()
    """,
    "ALTER TABLE users ENABLE ALWAYS TRIGGER gatehouse_user_banned",
    "ALTER TABLE users ENABLE ALWAYS TRIGGER gatehouse_role_changed",
    "ALTER TABLE users ENABLE ALWAYS TRIGGER gatehouse_admin_removed",
)

_SQLITE = (
    """
    CREATE TRIGGER gatehouse_user_banned AFTER UPDATE ON users
    WHEN NEW.banned AND (NOT OLD.banned OR NEW.ban_expires IS NOT OLD.ban_expires)
    BEGIN
        DELETE FROM sessions WHERE user_id = OLD.id OR impersonated_by = OLD.id;
    END
    """,
    """
    CREATE TRIGGER gatehouse_role_changed AFTER UPDATE ON users WHEN NEW.role IS NOT OLD.role
    BEGIN
        DELETE FROM sessions
        WHERE impersonated_by = OLD.id OR (user_id = OLD.id AND impersonated_by IS NOT NULL);
    END
    """,
    """
    CREATE TRIGGER gatehouse_admin_removed AFTER DELETE ON users
    BEGIN
        DELETE FROM sessions WHERE impersonated_by = OLD.id;
    END
    """,
)
