"""Sessions of all users, listed and revoked by admins."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from backend.features.admin.permissions import REVOKE_SESSIONS, authorise
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import delete_one
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import parse_uuid
from backend.kernel.secrets.tokens import TokenMint
from backend.storage.db import Db
from backend.storage.queries import sessions
from backend.storage.queries.sessions import Session
from backend.storage.work import Work


def list_live(db: Db, user_id: str, now: datetime) -> Sequence[Session]:
    """List a user's unexpired sessions, including those of impersonators."""
    owner_id = parse_uuid(user_id)
    rows = sessions.list_all(db, owner_id) if owner_id else []
    return [session for session in rows if session.expires_at > now]


def revoke(work: Work, mint: TokenMint, current: CurrentSession, token_or_id: str) -> None:
    """End the session with this token or id, of any user, if there is one."""
    authorise(work, current, REVOKE_SESSIONS)
    if (deleted := delete_one(work, mint, token_or_id)) is not None:
        _record(work, current, deleted.user_id, 1)


def revoke_all(work: Work, current: CurrentSession, user_id: str) -> None:
    """End every session of a user."""
    authorise(work, current, REVOKE_SESSIONS)
    owner_id = parse_uuid(user_id)
    if owner_id and (count := sessions.delete_all(work.db, owner_id)):
        _record(work, current, owner_id, count)


def _record(work: Work, current: CurrentSession, user_id: UUID, count: int) -> None:
    detail = {"sessions": count}
    work.record(Event(EventKind.SESSION_REVOKED, current.user.id, user_id, detail))
