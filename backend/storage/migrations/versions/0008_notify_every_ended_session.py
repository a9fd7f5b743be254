"""The end of a session is notified even if it has expired by the clock of the database.

A server whose clock is behind still honours it, so it must be notified
(docs/decisions/0026-every-end-is-told-of.md).
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_STEPS = (
    "DROP TRIGGER gatehouse_session_ended ON sessions",
    """
    CREATE TRIGGER gatehouse_session_ended AFTER DELETE ON sessions FOR EACH ROW
    EXECUTE FUNCTION gatehouse_forget_user()
    """,
    "ALTER TABLE sessions ENABLE ALWAYS TRIGGER gatehouse_session_ended",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in _STEPS:
            op.execute(statement)
