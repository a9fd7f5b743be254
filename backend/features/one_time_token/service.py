"""One-time tokens: made for a session, and used up to go on with it elsewhere.

The database has the token's digest, and the session's token sealed with it: neither a dump nor our
own keys open the session.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

from backend.features.links import service as links
from backend.features.links.service import LinkKind, LinkToken, LinkTokens
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import is_expired, is_live, refuse_impersonator
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import RecordedRefusal, Refusal, refusal_without_code
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.secret import SessionToken
from backend.kernel.secrets.tokens import digest
from backend.storage.queries import links as stored_links
from backend.storage.queries import sessions
from backend.storage.queries.links import Link
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import Work

INVALID_TOKEN, SESSION_NOT_FOUND = "Invalid token", "Session not found"
SESSION_EXPIRED = "Session expired"
SIGNED_IN_AS_ANOTHER = "Somebody else is signed in in this browser: sign out first"
_LIFETIME = timedelta(minutes=3)


def generate(work: Work, link_tokens: LinkTokens, current: CurrentSession) -> LinkToken:
    """Make a token with which the caller's session goes on elsewhere, once and soon."""
    refuse_impersonator(current.session)
    user, now = work.actor, work.now()
    token = LinkToken(link_tokens.mint.generate(work.randomness))
    sealed = Sealer.keyed_by(token).seal(current.token.reveal(), work.randomness)
    link = Link(
        id=work.new_id(),
        kind=LinkKind.ONE_TIME_TOKEN.value,
        user_id=user.id,
        email=user.email,
        data={"session": sealed.hex()},
        expires_at=now + _LIFETIME,
        created_at=now,
        used_at=None,
    )
    stored_links.insert(work.db, link, digest(token))
    return token


def use(
    work: Work, link_tokens: LinkTokens, text: str, presented: Sequence[SessionToken]
) -> tuple[SessionWithUser, SessionToken]:
    """Use a token up, and return its session; of concurrent calls one gets it.

    With STRICT not where somebody else is signed in: an application takes the token from its own
    address, so a link to it with a token of a stranger's would put its reader into the stranger's
    account (login CSRF).
    """
    link = _find(work, link_tokens, text)
    token = _open(link, LinkToken(text))
    rows = sessions.find_all_with_user(work.db, [digest(each) for each in presented])
    others = [row for row in rows.values() if is_live(row, work.now())]
    if work.settings.strict and any(row.user.id != link.user_id for row in others):
        raise refusal_without_code(SIGNED_IN_AS_ANOTHER, status=403)
    if not links.use(work, link):
        raise refusal_without_code(INVALID_TOKEN)
    row = sessions.find_with_user(work.db, digest(token))
    if row is None or row.user.is_banned(work.now()):
        _refuse(SESSION_NOT_FOUND)
    if is_expired(row.session, work.now()):
        _refuse(SESSION_EXPIRED)
    if work.settings.strict:
        for other in others:  # whose cookie is replaced (ASVS 7.2.4)
            if other.session.id != row.session.id:
                sessions.delete_by_id(work.db, other.session.id)
    work.record(Event(EventKind.SESSION_HANDED_OVER, row.user.id, row.user.id))
    return row, token


def _find(work: Work, link_tokens: LinkTokens, text: str) -> Link:
    try:
        return links.find(work.db, work.now(), link_tokens, text, LinkKind.ONE_TIME_TOKEN)
    except Refusal:
        raise refusal_without_code(INVALID_TOKEN) from None


def _open(link: Link, token: LinkToken) -> SessionToken:
    text = Sealer.keyed_by(token).open(bytes.fromhex(link.data["session"]))
    if text is None:  # altered in the database
        raise refusal_without_code(INVALID_TOKEN)
    return SessionToken(text)


def _refuse(message: str) -> NoReturn:
    """Refuse, with the token used up."""
    raise RecordedRefusal(None, message)
