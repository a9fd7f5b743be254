"""The lifecycle of sessions: issue, expiry, refresh, revocation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import parse_uuid
from backend.kernel.refusals import refusal_without_code
from backend.kernel.roles import ADMIN
from backend.kernel.secrets.secret import BrowserToken, SessionToken
from backend.kernel.secrets.tokens import TokenDigest, TokenMint, digest
from backend.kernel.settings import Settings
from backend.kernel.timestamps import add_seconds
from backend.storage.queries import sessions
from backend.storage.queries.sessions import Session, SessionWithUser
from backend.storage.queries.users import User
from backend.storage.work import Work

MAX_PER_USER = 100  # sessions; a sign-in beyond ends the oldest
TRUST_LIFETIME = timedelta(days=30)
"""How long a browser stays trusted after its last sign-in: its cookie, and its row."""
_UNREMEMBERED_LIFETIME = 86_400  # seconds
_IMPERSONATION_LIFETIME = 3_600  # seconds


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """A new session, with the token that only the caller will know."""

    session: Session
    user: User
    token: SessionToken
    browser_token: BrowserToken | None = None
    """Keeps this browser trusted: its next sign-in needs no second factor."""
    last_login_method: str | None = None
    """What the browser remembers of this sign-in."""


def issue(
    work: Work, mint: TokenMint, user: User, *, remember: bool, impersonator: UUID | None = None
) -> IssuedSession:
    """Create a session for a proven user (ASVS 7.2.4: always a new token).

    Only `SessionIssuer` calls this, after its gates. An impersonation lasts an hour, and ends none
    of the user's own sessions.
    """
    now, settings = work.now(), work.settings
    lifetime = settings.session_lifetime if remember else _UNREMEMBERED_LIFETIME
    if impersonator is not None:
        lifetime = _IMPERSONATION_LIFETIME
    session = Session(
        id=work.new_id(),
        user_id=user.id,
        expires_at=min(add_seconds(now, lifetime), _latest_end(now, settings)),
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
        sessions.delete_over_limit(work.db, user.id, MAX_PER_USER, except_id=session.id)
    return IssuedSession(session, user, token)


def is_expired(session: Session, now: datetime) -> bool:
    return session.expires_at <= now


def is_live(row: SessionWithUser, now: datetime) -> bool:
    """Tell whether a session read from the database opens anything."""
    return not is_expired(row.session, now) and not row.user.is_banned(now)


def refresh_due_at(session: Session, settings: Settings) -> datetime | None:
    """Return from when on use prolongs this session; None for never."""
    if not session.remembered or session.impersonated_by is not None:
        return None
    if session.expires_at >= _latest_end(session.created_at, settings):
        return None
    return add_seconds(
        session.expires_at, settings.session_refresh_after - settings.session_lifetime
    )


def is_fresh(session: Session, now: datetime, settings: Settings) -> bool:
    """Tell whether the sign-in is recent enough for sensitive operations; use does not renew it."""
    if settings.session_fresh_for == 0:
        return True
    return now - session.created_at < timedelta(seconds=settings.session_fresh_for)


def must_enrol(session: Session, user: User, settings: Settings) -> bool:
    """Tell whether all that this session opens is setting up a second factor.

    That is decided at each request, not when the session is issued: a setting, a new role or the
    loss of the factor counts at once. An impersonating admin has given a factor of their own, and
    an anonymous user, who is never an admin, has nothing to sign in with.
    """
    required = settings.require_two_factor_for
    if required == "none" or user.two_factor_enabled or session.impersonated_by is not None:
        return False
    if user.is_anonymous:
        return False
    return required == "everybody" or ADMIN in user.roles


WHILE_IMPERSONATING = "You cannot do this while you impersonate a user"


def refuse_impersonator(session: Session) -> None:
    """Refuse owner-only operations during an impersonation: admins cannot take the account."""
    if session.impersonated_by is not None:
        raise refusal_without_code(WHILE_IMPERSONATING, status=403)


def prolong(work: Work, session: Session) -> datetime | None:
    """Extend a session up to its absolute lifetime; None if it was ended meanwhile."""
    now = work.now()
    renewed = add_seconds(now, work.settings.session_lifetime)
    expires_at = min(renewed, _latest_end(session.created_at, work.settings))
    return expires_at if sessions.update_expiry(work.db, session, expires_at, now) else None


def find_live(work: Work, token_digest: TokenDigest) -> SessionWithUser | None:
    """Find the session of a token, if it has not expired.

    Expired ones are left to housekeeping: this clock alone is no reason to delete. Those of a
    banned user are deleted here, in case the trigger that ends them with the ban is switched off.
    """
    row = sessions.find_with_user(work.db, token_digest)
    if row is None:
        return None
    if row.user.is_banned(work.now()):
        sessions.delete_all(work.db, row.user.id)
        sessions.delete_impersonations(work.db, row.user.id)
        return None
    return None if is_expired(row.session, work.now()) else row


def sign_out(work: Work, tokens: Iterable[SessionToken]) -> Sequence[Session]:
    """End the sessions of these tokens, where they still exist; returns those that did."""
    ended = []
    for token in tokens:
        deleted = sessions.delete_by_digest(work.db, digest(token))
        if deleted is not None:
            work.client.impersonated_by = deleted.impersonated_by
            work.record(Event(EventKind.SIGN_OUT, actor=deleted.user_id, subject=deleted.user_id))
            ended.append(deleted)
    return ended


def revoke(work: Work, mint: TokenMint, user_id: UUID, token_or_id: str) -> None:
    """End one of the user's own sessions by its token or id.

    Does nothing when there is none, so callers cannot probe which tokens exist.
    """
    if delete_one(work, mint, token_or_id, user_id) is not None:
        _record_revoked(work, user_id, 1)


def delete_one(
    work: Work, mint: TokenMint, token_or_id: str, user_id: UUID | None = None
) -> Session | None:
    """Delete a session by its token or id, if it is `user_id`'s (or anyone's, without one)."""
    if mint.is_authentic(token_or_id):
        return sessions.delete_by_digest(work.db, digest(SessionToken(token_or_id)), user_id)
    session_id = parse_uuid(token_or_id)
    return sessions.delete_by_id(work.db, session_id, user_id) if session_id else None


def revoke_all(work: Work, user_id: UUID, *, except_id: UUID | None = None) -> None:
    """End all of the user's own sessions, or all but one."""
    _record_revoked(work, user_id, sessions.delete_all(work.db, user_id, except_id=except_id))


def _record_revoked(work: Work, user_id: UUID, count: int) -> None:
    if count:
        detail = {"sessions": count}
        work.record(Event(EventKind.SESSION_REVOKED, user_id, user_id, detail))


def _latest_end(created_at: datetime, settings: Settings) -> datetime:
    return add_seconds(created_at, settings.session_max_age)
