"""Setting a new password with a mailed link, and what that revokes."""

from collections.abc import Sequence
from datetime import datetime

from backend.features.accounts import pending_sign_ups, unproven_credentials
from backend.features.accounts.attempts import clear_failures
from backend.features.accounts.passwords import end_old_access
from backend.features.accounts.service import Accounts
from backend.features.links import service as links
from backend.features.links.link_mailer import LinkMailer, NewLink, mail_link, may_mail
from backend.features.links.service import LinkKind, LinkTokens
from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.kernel.email_address import normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password, SessionToken
from backend.storage.db import Db
from backend.storage.queries import links as stored_links
from backend.storage.queries import sessions, two_factors, users
from backend.storage.queries.links import Link
from backend.storage.queries.users import User
from backend.storage.work import Work

_REVOKED_KINDS = (LinkKind.CHANGE_EMAIL_CONFIRM, LinkKind.CHANGE_EMAIL_VERIFY, LinkKind.DELETE_USER)
"""An intruder in the account may have requested these links."""


def request_reset(work: Work, link_mailer: LinkMailer, address: str, redirect_to: str) -> None:
    """Mail a link to the user with this address; for an unknown one do the same without a mail."""
    email = normalize_email(address)
    user = users.find_by_email(work.db, email)
    within_limit = may_mail(link_mailer, LinkKind.RESET_PASSWORD, email)
    link = NewLink(
        LinkKind.RESET_PASSWORD,
        user if within_limit else None,
        to=email,
        callback=redirect_to,
        lifetime=work.settings.reset_link_lifetime,
    )
    mail_link(work, link_mailer, link, templates.RESET_PASSWORD)
    work.record(
        Event(
            EventKind.PASSWORD_RESET_REQUESTED,
            subject=user.id if user else None,
            detail={"known": user is not None, "within_limit": within_limit},
        )
    )


def reset_password(
    work: Work,
    accounts: Accounts,
    link_mailer: LinkMailer,
    token: str,
    password: Password,
    presented_tokens: Sequence[SessionToken] = (),
) -> User:
    """Set a new password and use the link, in one step: of concurrent calls one wins.

    The address also becomes verified if it must be (REQUIRE_VERIFIED_EMAIL) and STRICT is on;
    otherwise that stays as it was. Returns the user.
    """
    accounts.rules.check_new(password)  # a refused password does not burn the link
    _, user = find_usable_link(work.db, work.now(), link_mailer.link_tokens, token)
    accounts.rules.check_new(password, user.email, user.name)
    password_hash = work.run_outside_transaction(accounts.hashes.hash, work.client, password)
    link, user = find_usable_link(work.db, work.now(), link_mailer.link_tokens, token)
    verifies = work.settings.strict and work.settings.require_verified_email
    if not users.lock(work.db, [user.id]) or not links.use(work, link):
        raise Refusal("INVALID_TOKEN")
    set_new_password(
        work,
        accounts,
        link_mailer.mailer,
        user,
        password_hash,
        verifies=verifies,
        presented_tokens=presented_tokens,
    )
    return user


def set_new_password(
    work: Work,
    accounts: Accounts,
    mailer: Mailer,
    user: User,
    password_hash: str,
    *,
    verifies: bool,
    presented_tokens: Sequence[SessionToken] = (),
    how: str = "through a link in a mail",
) -> None:
    """Set the password of a locked user, whose mail somebody reads, and revoke what the old opened.

    With `verifies` the address becomes verified as well. `presented_tokens` are of the sessions
    whose cookies came with the request.
    """
    is_owner = unproven_credentials.is_signed_in(work, user, presented_tokens)
    old_hash = users.find_password_hash(work.db, user.id) if verifies else None
    columns = pending_sign_ups.claim_username(work, user, old_hash, {}) if verifies else {}
    users.set_password_hash(work.db, user.id, password_hash)
    if work.settings.reset_revokes_sessions:
        sessions.delete_all(work.db, user.id)
    stored_links.delete_for_user(work.db, user.id, [kind.value for kind in _REVOKED_KINDS])
    end_old_access(work, user.id)
    two_factors.set_password_by_mail(work.db, user.id, True)
    unproven_credentials.remove_unproven(work, mailer, user, keep_accounts=is_owner)
    # A later sign-up for the address must not remove this password again.
    if verifies and users.verify_email(work.db, user.id, user.email, columns, work.now()):
        work.record(Event(EventKind.EMAIL_VERIFIED, user.id, user.id))
    work.record(Event(EventKind.PASSWORD_RESET, user.id, user.id))
    notice = f"The password of your account was changed {how}."
    templates.enqueue_notice(work, mailer, user.email, notice)
    # Earlier wrong guesses must not lock the owner out now.
    work.after_commit(lambda: clear_failures(accounts.limiter, user))


def find_usable_link(
    db: Db, now: datetime, link_tokens: LinkTokens, token: str
) -> tuple[Link, User]:
    """Find a valid, unused link and its user without using it; refuses INVALID_TOKEN."""
    try:
        link = links.find(db, now, link_tokens, token, LinkKind.RESET_PASSWORD)
    except Refusal:
        raise Refusal("INVALID_TOKEN") from None  # an expired one too
    user = users.find(db, link.user_id) if link.user_id else None
    # The link is for the mailbox it was sent to, not for a later address.
    if user is None or link.used_at is not None or user.email != link.email:
        raise Refusal("INVALID_TOKEN")
    return link, user
