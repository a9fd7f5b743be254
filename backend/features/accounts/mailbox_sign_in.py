"""Signing in with what was mailed: a link that is opened, or a code that is typed.

It proves who reads the mailbox. The account of the address is theirs, and made if there is none;
whatever somebody else has set up in it before is void (decision 0023).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.features.accounts import unproven_credentials
from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    SessionIssuer,
    SignInAttempt,
)
from backend.features.links.service import LinkKind
from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.features.sessions.service import IssuedSession
from backend.kernel.events import Event, EventKind
from backend.kernel.secrets.secret import BrowserToken, SessionToken
from backend.storage.queries import links, sessions, users
from backend.storage.queries.users import User
from backend.storage.work import Work

_SET_UP_BY_ANYBODY = (
    LinkKind.SIGN_UP,
    LinkKind.PROVIDER_SIGN_IN,
    LinkKind.CHANGE_EMAIL_CONFIRM,
    LinkKind.CHANGE_EMAIL_VERIFY,
    LinkKind.DELETE_USER,
)
"""Links that were requested by whoever had the account. The others are for whoever reads the
mailbox."""
_CHOOSE_A_NEW_ONE = (
    "Your address is confirmed, and you are the only one who is signed in. The password that your "
    "account had is void: nobody could tell whether it was you who chose it. You can choose one "
    "with 'forgot password'."
)


@dataclass(frozen=True, slots=True)
class ProvenMailbox:
    """A mailbox whose link or code was just used up, and what the browser sent along."""

    email: str
    """In its normal form."""
    method: Method
    signs_up: bool
    """Whether this way makes accounts. SIGN_UP must allow it besides."""
    name: str = ""
    image: str | None = None
    """These two are for a new account."""
    presented_tokens: Sequence[SessionToken] = ()
    """Tokens of the sessions whose cookies came with the request."""
    trusted_browser_tokens: Sequence[BrowserToken] = ()
    """What the browser shows if its user gave a second factor in it before."""


@dataclass(frozen=True, slots=True)
class MailboxSignIn:
    """How a sign-in ended, and whether it made the account."""

    outcome: IssuedSession | Challenge
    is_new: bool


def sign_in(
    work: Work, issuer: SessionIssuer, mailer: Mailer, mailbox: ProvenMailbox
) -> MailboxSignIn | None:
    """Sign in to the account of a mailbox; None if there is none and none is to be made.

    Of two that come first at the same moment one makes the account, and the other signs in to it.
    """
    user = users.lock_by_email(work.db, mailbox.email)
    new = None
    if user is None:
        if not (mailbox.signs_up and work.settings.sign_up):
            return None
        new = _create_user(work, mailbox)
        user = new or users.lock_by_email(work.db, mailbox.email)
    if user is None:  # made and deleted again by others, in this moment
        return None
    if not user.email_verified:
        user = _take_over(work, mailer, user, mailbox.presented_tokens)
    attempt = SignInAttempt(
        user,
        mailbox.method,
        presented_tokens=mailbox.presented_tokens,
        trusted_browser_tokens=mailbox.trusted_browser_tokens,
    )
    return MailboxSignIn(issuer.finish_sign_in(work, attempt), is_new=new is not None)


def _create_user(work: Work, mailbox: ProvenMailbox) -> User | None:
    """Create a verified user without a password; None if somebody else just took the address."""
    now = work.now()
    user = User(
        work.new_id(),
        mailbox.email,
        mailbox.name,
        now,
        now,
        email_verified=True,
        image=mailbox.image,
    )
    if not users.insert(work.db, user, None):
        return None
    detail = {"method": mailbox.method.value}
    work.record(Event(EventKind.SIGN_UP, user.id, user.id, detail))
    return user


def _take_over(
    work: Work, mailer: Mailer, user: User, presented_tokens: Sequence[SessionToken]
) -> User:
    """Verify the address of a locked user, and void what was set up before: it may be a stranger's.

    As Better Auth does, which deletes the password, the accounts at providers and the sessions;
    factors, passkeys and open links would let the stranger in, or the owner out, as well
    (pre-hijacking, USENIX Security 2022). With STRICT accounts stay that are the owner's.
    """
    had_password = users.find_password_hash(work.db, user.id) is not None
    no_password = {"password_hash": None}
    is_owner = unproven_credentials.is_signed_in(work, user, presented_tokens)
    verified = users.verify_email(work.db, user.id, user.email, no_password, work.now())
    sessions.delete_all(work.db, user.id)
    links.delete_for_user(work.db, user.id, [kind.value for kind in _SET_UP_BY_ANYBODY])
    keeps = work.settings.strict and is_owner
    owned = unproven_credentials.remove_all(work, mailer, verified or user, keep_accounts=keeps)
    work.record(Event(EventKind.EMAIL_VERIFIED, user.id, user.id))
    if had_password:
        templates.enqueue_notice(work, mailer, user.email, _CHOOSE_A_NEW_ONE)
    return owned
