"""Who may set a new password without the old one, and what that ends."""

from datetime import datetime

from backend.features.accounts.attempts import clear_failures
from backend.features.accounts.passwords import end_old_access
from backend.features.accounts.service import Accounts
from backend.features.links import service as links
from backend.features.links.link_mailer import LinkMailer, NewLink, mail_link, may_mail
from backend.features.links.service import LinkKind, LinkTokens
from backend.features.mail import templates
from backend.features.mail.service import post
from backend.kernel.email_address import normal_form
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.storage.db import Db
from backend.storage.queries import links as stored_links
from backend.storage.queries import sessions, users
from backend.storage.queries.links import Link
from backend.storage.queries.users import User
from backend.storage.work import Work

_ALWAYS_VOID = (
    LinkKind.CHANGE_EMAIL_CONFIRM,
    LinkKind.CHANGE_EMAIL_VERIFY,
    LinkKind.DELETE_USER,
)
"""Whoever was in the account before its owner may have had these mailed to themselves."""


def request(work: Work, link_mailer: LinkMailer, address: str, redirect_to: str) -> None:
    """Mail a link to whoever has this address; for a stranger's do the same without a mail."""
    email = normal_form(address)
    user = users.find_by_email(work.db, email)
    mailed = may_mail(link_mailer, LinkKind.RESET_PASSWORD, email)
    link = NewLink(
        LinkKind.RESET_PASSWORD,
        user if mailed else None,
        to=email,
        callback=redirect_to,
        lifetime=work.settings.reset_link_lifetime,
    )
    mail_link(work, link_mailer, link, templates.RESET_PASSWORD)
    work.record(
        Event(
            EventKind.PASSWORD_RESET_REQUESTED,
            subject=user.id if user else None,
            detail={"known": user is not None, "within_limit": mailed},
        )
    )


def reset(
    work: Work, accounts: Accounts, link_mailer: LinkMailer, token: str, password: Password
) -> User:
    """Set a new password and use the link up, together: of several at once one wins.

    Ends what the old password opened. Whether the address counts as verified stays as it was,
    unless it must be (REQUIRE_VERIFIED_EMAIL) and STRICT lets this link prove it as any other.
    Returns whose password it is.
    """
    accounts.rules.check_new(password)  # a refused password does not burn the link
    _, user = open_link(work.db, work.now(), link_mailer.link_tokens, token)
    accounts.rules.check_new(password, user.email, user.name)
    hashed = work.outside(accounts.hashes.hash, work.client, password)
    link, user = open_link(work.db, work.now(), link_mailer.link_tokens, token)
    if not users.set_password_hash(work.db, user.id, hashed) or not links.use(work, link):
        raise Refusal("INVALID_TOKEN")
    if work.settings.reset_revokes_sessions:
        sessions.delete_all(work.db, user.id)
    stored_links.delete_of_user(work.db, user.id, [kind.value for kind in _ALWAYS_VOID])
    end_old_access(work, user.id)
    # Whoever signs up for the address from now on must not take this password away again.
    proves = work.settings.strict and work.settings.require_verified_email
    if proves and users.verify_email(work.db, user.id, link.email, {}, work.now()):
        work.record(Event(EventKind.EMAIL_VERIFIED, user.id, user.id))
    work.record(Event(EventKind.PASSWORD_RESET, user.id, user.id))
    what = "The password of your account was changed through a link in a mail."
    post(work, link_mailer.mailer, templates.notice(work.settings.app_name, user.email, what))
    # Strangers who guessed must not keep the owner out now.
    work.after_commit(lambda: clear_failures(accounts.limiter, user))
    return user


def open_link(db: Db, now: datetime, known: LinkTokens, token: str) -> tuple[Link, User]:
    """Return the link that could set a password now, and whose; refuses INVALID_TOKEN.

    It is not used up by that.
    """
    try:
        link = links.find(db, now, known, token, LinkKind.RESET_PASSWORD)
    except Refusal:
        raise Refusal("INVALID_TOKEN") from None  # an expired one too
    user = users.find(db, link.user_id) if link.user_id else None
    # The link was for whoever reads the mail of that address, not of a later one.
    if user is None or link.used_at is not None or user.email != link.email:
        raise Refusal("INVALID_TOKEN")
    return link, user
