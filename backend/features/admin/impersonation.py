"""Acting as a user: marked on the session, for an hour, and never as another admin."""

from collections.abc import Iterable
from datetime import timedelta

from backend.features.admin.authority import IMPERSONATE, authorise_about
from backend.features.sessions.cache import Current
from backend.features.sessions.service import Issued, find_live
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal, plain_refusal
from backend.kernel.roles import ADMIN
from backend.kernel.secret import SessionToken
from backend.kernel.tokens import TokenMint, digest
from backend.storage import sessions
from backend.storage.sessions import Session, SessionWithUser
from backend.storage.work import Work

_LIFETIME = timedelta(hours=1)


def start(work: Work, mint: TokenMint, current: Current, user_id: str) -> Issued:
    """Make a session in which the admin is the user; their own one stays and waits."""
    user = authorise_about(work, current, user_id, IMPERSONATE)
    if ADMIN in user.roles:
        raise Refusal("YOU_CANNOT_IMPERSONATE_ADMINS")
    if user.is_banned(work.now()):
        raise Refusal("BANNED_USER")
    now = work.now()
    session = Session(
        id=work.new_id(),
        user_id=user.id,
        expires_at=now + _LIFETIME,
        created_at=now,
        updated_at=now,
        ip_address=work.client.address,
        user_agent=work.client.user_agent,
        remembered=False,
        impersonated_by=current.user.id,
    )
    token = mint.new(work.randomness)
    sessions.insert(work.db, session, digest(token))
    work.record(Event(EventKind.IMPERSONATION_STARTED, current.user.id, user.id))
    return Issued(session, user, token)


def stop(
    work: Work, current: Current, waiting: Iterable[SessionToken]
) -> tuple[SessionWithUser, SessionToken] | None:
    """End the impersonation; returns the admin's own session, which waited, or None if it is gone.

    `waiting` is what the admin's browser kept; it must be a session of the same admin.
    """
    admin_id = current.session.impersonated_by
    if admin_id is None:
        raise plain_refusal("You are not impersonating anyone")
    sessions.delete_by_id(work.db, current.session.id, current.user.id)
    work.record(Event(EventKind.IMPERSONATION_ENDED, admin_id, current.user.id))
    for token in waiting:
        own = find_live(work, digest(token))
        if own and own.user.id == admin_id and own.session.impersonated_by is None:
            return own, token
    return None
