"""In whose name a transaction writes, and the proof inside it that they still may.

What a request read of its session may be out of date when its write begins: it waited for a hash,
or the news of a change did not reach this process. Whoever was told that a session had ended must
not see it act afterwards.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from backend.storage.db import Db
from backend.storage.dialects import supports_multiple_statements
from backend.storage.errors import SessionEnded
from backend.storage.queries.users import USER_COLUMNS, user_from
from backend.storage.tables import sessions, users


@dataclass(frozen=True, slots=True)
class ActingSession:
    """The session of a signed-in caller, and whose it is."""

    session_id: UUID
    user_id: UUID


_FIND = (
    select(*USER_COLUMNS)
    .join_from(users, sessions, sessions.c.user_id == users.c.id)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.expires_at > bindparam("now"))
)


def require_live_session(db: Db, acting: ActingSession, now: datetime) -> None:
    """Let this transaction go on only if the session stands and its user is not banned.

    Until the commit neither changes. Raises SessionEnded: on PostgreSQL with the first statement
    of the transaction, which the proof goes with (see step 0005 for its locks); on SQLite, where
    one transaction writes at a time, at once.
    """
    if supports_multiple_statements(db.dialect):
        moment = now.isoformat()
        db.send_with_next(f"SELECT gatehouse_prove_session('{acting.session_id}', '{moment}')")
        return
    found = db.execute(_FIND, {"session_id": acting.session_id, "now": now}).first()
    if found is None or user_from(found).is_banned(now):
        raise SessionEnded
