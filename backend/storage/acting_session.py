"""The session in whose name a transaction writes, checked again inside the transaction.

The session a request has read may have ended before its write begins: the request waited for a
hash, or the change has not reached this process. A revoked session must not write afterwards.
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
    """The session of a signed-in caller, and its user."""

    session_id: UUID
    user_id: UUID


_FIND = (
    select(*USER_COLUMNS)
    .join_from(users, sessions, sessions.c.user_id == users.c.id)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.expires_at > bindparam("now"))
)


def require_live_session(db: Db, acting: ActingSession, now: datetime) -> None:
    """Raise SessionEnded unless the session is live and its user is not banned.

    Neither can change until the commit. On PostgreSQL the check is sent with the first statement
    of the transaction, which raises (migration 0005 has its locks); on SQLite, where only one
    transaction writes at a time, it is made at once.
    """
    if supports_multiple_statements(db.dialect):
        arguments = f"'{acting.session_id}', '{now.isoformat()}'"
        db.send_with_next(f"SELECT gatehouse_prove_session({arguments})")
        return
    row = db.execute(_FIND, {"session_id": acting.session_id, "now": now}).first()
    if row is None or user_from(row).is_banned(now):
        raise SessionEnded
