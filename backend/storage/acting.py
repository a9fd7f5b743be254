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
from backend.storage.tables import sessions, users
from backend.storage.users import SHOWN, User, user_from


@dataclass(frozen=True, slots=True)
class Acting:
    """The session of a signed-in caller, and whose it is."""

    session_id: UUID
    user_id: UUID


class SessionEnded(Exception):
    """The acting session is gone, or its user is banned: nothing may be written in their name."""


# The locks make this more than a look. A plain SELECT sees the session that another transaction is
# just deleting, and the write would then land after that one was acknowledged. The user is locked
# as by an UPDATE, so that one who is about to write needs no stronger lock later and two cannot
# wait for each other; the session only against its deletion.
_LOCK = (
    select(*SHOWN)
    .join_from(users, sessions, sessions.c.user_id == users.c.id)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.expires_at > bindparam("now"))
    .with_for_update(of=users, key_share=True)
    .suffix_with("FOR KEY SHARE OF sessions", dialect="postgresql")
)


def prove(db: Db, acting: Acting, now: datetime) -> User:
    """Return the acting user; until the commit neither they nor their session change.

    Raises SessionEnded.
    """
    found = db.execute(_LOCK, {"session_id": acting.session_id, "now": now}).first()
    user = user_from(found) if found else None
    if user is None or user.is_banned(now):
        raise SessionEnded
    return user
