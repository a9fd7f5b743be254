"""The heartbeat of the PostgreSQL feed: sent only while every change is notified."""

from sqlalchemy import text

from backend.storage.engine import Database
from backend.storage.work import run_query

TRIGGERS = {
    "gatehouse_session_changed": "sessions",
    "gatehouse_session_ended": "sessions",
    "gatehouse_sessions_emptied": "sessions",
    "gatehouse_user_changed": "users",
    "gatehouse_user_removed": "users",
    "gatehouse_users_emptied": "users",
}
"""The triggers that notify changes, and their tables."""

# One statement that checks and sends: a heartbeat sent first could arrive before the check fails.
_HEARTBEAT = text(
    """
    WITH feed AS (
        SELECT current_setting('transaction_read_only') = 'on' AS read_only,
        ARRAY(SELECT name FROM unnest(CAST(:names AS text[])) name WHERE NOT EXISTS (
            SELECT FROM pg_trigger WHERE tgname = name AND tgenabled = 'A'
            AND tgrelid IN (to_regclass('sessions'), to_regclass('users')))) AS asleep
    )
    SELECT read_only, asleep, CASE WHEN NOT read_only AND cardinality(asleep) = 0
        THEN pg_notify(:channel, :message) END FROM feed
    """.strip()
)


class FeedUnavailable(Exception):
    """Changes are made on another server, or are not notified."""


def send_heartbeat(database: Database, channel: str, message: str) -> None:
    """Send a heartbeat, unless changes may go unnoticed; raises FeedUnavailable then.

    A read-only server may be a former primary, which does not see the changes on the new one.
    """
    parameters = {"names": list(TRIGGERS), "channel": channel, "message": message}
    generation = database.primary.generation
    row = run_query(database, lambda db: db.execute(_HEARTBEAT, parameters).one())
    if row.read_only:
        database.primary.invalidate_connections(generation)
        raise FeedUnavailable("the database is read-only")
    if row.asleep:
        first = row.asleep[0]
        raise FeedUnavailable(
            f"{len(row.asleep)} triggers that tell of changes are missing or switched off; "
            f"ALTER TABLE {TRIGGERS[first]} ENABLE ALWAYS TRIGGER {first}"
        )
