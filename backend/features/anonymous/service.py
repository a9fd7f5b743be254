"""Anonymous users: made, found and deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.features.accounts.removal import erase_user
from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    SessionIssuer,
    SignInAttempt,
)
from backend.features.sessions import service as sessions
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import IssuedSession
from backend.kernel.client import SYSTEM
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.refusals import Refusal, too_many_requests
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import digest
from backend.limits.limiter import Limiter
from backend.limits.rules import ANONYMOUS_USERS
from backend.storage.queries import anonymous_users, users
from backend.storage.queries.users import User
from backend.storage.work import Runtime, Work

_NAME = "Anonymous"
_DOMAIN = "anonymous.placeholder.invalid"
"""Of addresses that no mail can reach (RFC 6761, section 6.4)."""
_BATCH = 100  # users per transaction, which stays short


@dataclass(frozen=True, slots=True)
class Visit:
    """The browser in which somebody signs in anonymously."""

    presented_tokens: Sequence[SessionToken]
    address: str
    """Under which the users that it makes are counted; empty if unknown."""


def sign_in(
    work: Work, issuer: SessionIssuer, limiter: Limiter, visit: Visit
) -> IssuedSession | Challenge:
    """Make a user without an account, and sign them in.

    Each costs a row, and unlike a sign-up no hash: with STRICT one address makes a limited number.
    """
    if find_anonymous_user(work, visit.presented_tokens) is not None:
        raise Refusal("ANONYMOUS_USERS_CANNOT_SIGN_IN_AGAIN_ANONYMOUSLY")
    if work.settings.strict and visit.address:
        exceeded = limiter.count(ANONYMOUS_USERS, visit.address)
        if exceeded is not None:
            raise too_many_requests(exceeded.retry_after)
    now = work.now()
    address = f"{random_alphanumeric(work.randomness, 32).lower()}@{_DOMAIN}"
    user = User(work.new_id(), address, _NAME, now, now, is_anonymous=True)
    users.insert(work.db, user, None)
    attempt = SignInAttempt(user, Method.ANONYMOUS, presented_tokens=visit.presented_tokens)
    return issuer.finish_sign_in(work, attempt)


def find_anonymous_user(work: Work, tokens: Sequence[SessionToken]) -> User | None:
    """Find the anonymous user whose session one of these tokens opens.

    An admin who impersonates one is somebody else.
    """
    for token in tokens:
        row = sessions.find_live(work, digest(token))
        if row and row.user.is_anonymous and row.session.impersonated_by is None:
            return row.user
    return None


def delete(work: Work, current: CurrentSession) -> None:
    """Delete the caller, who must be anonymous."""
    if not work.actor.is_anonymous:
        raise Refusal("USER_IS_NOT_ANONYMOUS")
    sessions.refuse_impersonator(current.session)
    _erase(work, work.actor, by_themselves=True)


def build_removal_of_abandoned(runtime: Runtime) -> Callable[[], bool]:
    """Build what deletes anonymous users without a session: nothing else lets them come back.

    It deletes some, and returns whether there may be more.
    """

    def remove_some() -> bool:
        with Work(runtime, SYSTEM) as work:
            abandoned = anonymous_users.lock_abandoned(work.db, _BATCH)
            for user in abandoned:
                _erase(work, user, by_themselves=False)
        return len(abandoned) == _BATCH

    return remove_some


def _erase(work: Work, user: User, *, by_themselves: bool) -> None:
    actor = user.id if by_themselves else None
    detail = {"by_themselves": by_themselves, "anonymous": True}
    erase_user(work, user, Event(EventKind.USER_DELETED, actor, user.id, detail))
