"""Impersonation: marked on the session, for an hour, and never of another admin."""

from collections.abc import Iterable

from backend.features.accounts.session_issuer import Challenge, Method, SessionIssuer, SignInAttempt
from backend.features.admin.permissions import IMPERSONATE, authorise_for_user
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import IssuedSession, find_live
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal, refusal_without_code
from backend.kernel.roles import ADMIN
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import digest
from backend.storage.queries import sessions
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import Work


def start(
    work: Work, issuer: SessionIssuer, current: CurrentSession, user_id: str
) -> IssuedSession | Challenge:
    """Create a session in which the admin acts as the user; the admin's own session stays."""
    user = authorise_for_user(work, current, user_id, IMPERSONATE)
    if ADMIN in user.roles:
        raise Refusal("YOU_CANNOT_IMPERSONATE_ADMINS")
    attempt = SignInAttempt(
        user, Method.IMPERSONATION, remember=False, impersonator=current.user.id
    )
    return issuer.finish_sign_in(work, attempt)


def stop(
    work: Work, current: CurrentSession, admin_tokens: Iterable[SessionToken]
) -> tuple[SessionWithUser, SessionToken] | None:
    """End the impersonation; returns the admin's own session, or None if it has ended.

    `admin_tokens` come from the browser's cookie; only a session of the same admin counts.
    """
    admin_id = current.session.impersonated_by
    if admin_id is None:
        raise refusal_without_code("You are not impersonating anyone")
    sessions.delete_by_id(work.db, current.session.id, current.user.id)
    work.record(Event(EventKind.IMPERSONATION_ENDED, admin_id, current.user.id))
    for token in admin_tokens:
        own = find_live(work, digest(token))
        if own and own.user.id == admin_id and own.session.impersonated_by is None:
            return own, token
    return None
