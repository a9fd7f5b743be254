"""Other people's sessions, as admins see and end them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from backend.features.admin.permissions import REVOKE_SESSIONS, authorise
from backend.features.sessions.cache import CurrentSession
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import uuid_or_none
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import TokenMint, digest
from backend.storage.db import Db
from backend.storage.queries import sessions
from backend.storage.queries.sessions import Session
from backend.storage.work import Work


def list_live(db: Db, user_id: str, now: datetime) -> Sequence[Session]:
    """List the sessions of a user that have not run out, those of impersonators included."""
    found = uuid_or_none(user_id)
    every = sessions.list_all(db, found) if found else []
    return [session for session in every if session.expires_at > now]


def revoke(work: Work, mint: TokenMint, current: CurrentSession, named: str) -> None:
    """End the session of this token or handle, whoever's it is, if there is one."""
    authorise(work, current, REVOKE_SESSIONS)
    if mint.recognises(named):
        ended = sessions.delete_by_digest(work.db, digest(SessionToken(named)))
    else:
        ended = sessions.delete_by_id(work.db, found) if (found := uuid_or_none(named)) else None
    if ended is not None:
        _record(work, current, ended.user_id, 1)


def revoke_all(work: Work, current: CurrentSession, user_id: str) -> None:
    """End every session of a user."""
    authorise(work, current, REVOKE_SESSIONS)
    found = uuid_or_none(user_id)
    if found and (count := sessions.delete_all(work.db, found)):
        _record(work, current, found, count)


def _record(work: Work, current: CurrentSession, user_id: UUID, count: int) -> None:
    detail = {"sessions": count}
    work.record(Event(EventKind.SESSION_REVOKED, current.user.id, user_id, detail))
