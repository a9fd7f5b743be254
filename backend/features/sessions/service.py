"""What a session may do: when it ends, when it is prolonged, who may end it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import uuid_or_none
from backend.kernel.refusals import plain_refusal
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import TokenDigest, TokenMint, digest
from backend.kernel.settings import Settings
from backend.kernel.timestamps import later
from backend.storage.queries import sessions
from backend.storage.queries.sessions import Session, SessionWithUser
from backend.storage.queries.users import User
from backend.storage.work import Work

MOST_PER_USER = 100  # sessions; a sign-in beyond ends the oldest
_NOT_REMEMBERED = 86_400  # seconds
_IMPERSONATED = 3_600  # seconds


@dataclass(frozen=True, slots=True)
class Issued:
    """A session that was just made, with the token only the caller will know."""

    session: Session
    user: User
    token: SessionToken


def issue(
    work: Work, mint: TokenMint, user: User, *, remember: bool, impersonator: UUID | None = None
) -> Issued:
    """Make a session for a user who proved who they are (ASVS 7.2.4: always a new token).

    Whoever may have one has passed `SessionIssuer`, which alone calls this. One of an admin who
    acts as the user lasts an hour, and ends none of the user's own.
    """
    now, settings = work.now(), work.settings
    lifetime = settings.session_lifetime if remember else _NOT_REMEMBERED
    if impersonator is not None:
        lifetime = _IMPERSONATED
    session = Session(
        id=work.new_id(),
        user_id=user.id,
        expires_at=min(later(now, lifetime), _latest_end(now, settings)),
        created_at=now,
        updated_at=now,
        ip_address=work.client.address,
        user_agent=work.client.user_agent,
        remembered=remember,
        impersonated_by=impersonator,
    )
    token = mint.new(work.randomness)
    sessions.insert(work.db, session, digest(token))
    if impersonator is None:
        sessions.delete_beyond(work.db, user.id, MOST_PER_USER, but=session.id)
    return Issued(session, user, token)


def is_expired(session: Session, now: datetime) -> bool:
    return session.expires_at <= now


def refresh_due(session: Session, settings: Settings) -> datetime | None:
    """Return from when on use prolongs this session; None if nothing ever does."""
    if not session.remembered or session.impersonated_by is not None:
        return None
    if session.expires_at >= _latest_end(session.created_at, settings):
        return None
    return later(session.expires_at, settings.session_refresh_after - settings.session_lifetime)


def is_fresh(session: Session, now: datetime, settings: Settings) -> bool:
    """Tell whether the sign-in is recent enough for sensitive acts; use does not renew it."""
    if settings.session_fresh_for == 0:
        return True
    return now - session.created_at < timedelta(seconds=settings.session_fresh_for)


WHILE_IMPERSONATING = "You cannot do this while you impersonate a user"


def refuse_impersonator(session: Session) -> None:
    """Refuse what only the owner may do: an admin who acts as a user cannot take the account."""
    if session.impersonated_by is not None:
        raise plain_refusal(WHILE_IMPERSONATING, status=403)


def prolong(work: Work, session: Session) -> datetime | None:
    """Give a used session a new end, within its absolute one; None if it was ended meanwhile."""
    now = work.now()
    wanted = later(now, work.settings.session_lifetime)
    expires_at = min(wanted, _latest_end(session.created_at, work.settings))
    return expires_at if sessions.prolong(work.db, session, expires_at, now) else None


def find_live(work: Work, token_digest: TokenDigest) -> SessionWithUser | None:
    """Find the session a token opens, if it has not expired.

    Housekeeping deletes what has: this clock alone is no reason to. All of a banned user are
    deleted here, which a trigger has ended with the ban unless it is switched off.
    """
    found = sessions.find_with_user(work.db, token_digest)
    if found is None:
        return None
    if found.user.is_banned(work.now()):
        sessions.delete_all(work.db, found.user.id)
        sessions.delete_impersonations(work.db, found.user.id)
        return None
    return None if is_expired(found.session, work.now()) else found


def sign_out(work: Work, tokens: Iterable[SessionToken]) -> None:
    """End the sessions of these tokens, as far as they still are there."""
    for token in tokens:
        ended = sessions.delete_by_digest(work.db, digest(token))
        if ended is not None:
            work.client.impersonated_by = ended.impersonated_by
            work.record(Event(EventKind.SIGN_OUT, actor=ended.user_id, subject=ended.user_id))


def revoke(work: Work, mint: TokenMint, user_id: UUID, named: str) -> None:
    """End one of the user's own sessions, named by its token or by its id.

    Says nothing when there is none: nobody learns which tokens exist.
    """
    if mint.recognises(named):
        ended = sessions.delete_by_digest(work.db, digest(SessionToken(named)), user_id)
    else:
        ended = (
            sessions.delete_by_id(work.db, found, user_id)
            if (found := uuid_or_none(named))
            else None
        )
    if ended is not None:
        _record_revoked(work, user_id, 1)


def revoke_all(work: Work, user_id: UUID, *, but: UUID | None = None) -> None:
    """End all of the user's own sessions, or all but one."""
    _record_revoked(work, user_id, sessions.delete_all(work.db, user_id, but=but))


def _record_revoked(work: Work, user_id: UUID, count: int) -> None:
    if count:
        detail = {"sessions": count}
        work.record(Event(EventKind.SESSION_REVOKED, user_id, user_id, detail))


def _latest_end(created_at: datetime, settings: Settings) -> datetime:
    return later(created_at, settings.session_max_age)
