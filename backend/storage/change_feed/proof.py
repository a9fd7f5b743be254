"""The proof that changes by other hands reach us, and when none may be sent."""

from sqlalchemy import text

from backend.storage.engine import Database
from backend.storage.work import ask

TRIGGERS = {
    "gatehouse_session_changed": "sessions",
    "gatehouse_session_ended": "sessions",
    "gatehouse_sessions_emptied": "sessions",
    "gatehouse_user_changed": "users",
    "gatehouse_user_removed": "users",
    "gatehouse_users_emptied": "users",
}
"""What tells of changes, and on which table it stands."""

# One message, and nothing is sent unless all is well: it might arrive before we have read why not.
_PROVE = text(
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


class NoProof(Exception):
    """Changes are made elsewhere, or nobody is told of them."""


def send_proof(database: Database, channel: str, message: str) -> None:
    """Send a message that arrives if all that tells of changes works; raises NoProof if not.

    A server that may not be written to may have been the primary once: what changes on the new one
    is not heard from it.
    """
    said = {"names": list(TRIGGERS), "channel": channel, "message": message}
    turn = database.turn
    found = ask(database, lambda db: db.execute(_PROVE, said).one())
    if found.read_only:
        database.look_for_primary(turn)
        raise NoProof("the database is read-only")
    if found.asleep:
        first = found.asleep[0]
        raise NoProof(
            f"{len(found.asleep)} triggers that tell of changes are missing or switched off; "
            f"ALTER TABLE {TRIGGERS[first]} ENABLE ALWAYS TRIGGER {first}"
        )
