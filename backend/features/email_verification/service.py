"""Verifying e-mail addresses: the links, and what depends on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.features.accounts import pending_sign_ups, unproven_credentials
from backend.features.accounts.attempts import FindDevice
from backend.features.accounts.service import CompletedSignUp, SignUpHook
from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    SessionIssuer,
    SignInAttempt,
    SignInCheck,
)
from backend.features.links import service as links
from backend.features.links.link_mailer import LinkMailer, NewLink, mail_link, may_mail
from backend.features.links.service import LinkKind
from backend.features.mail import templates
from backend.features.sessions.service import IssuedSession
from backend.kernel.email_address import normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import BrowserToken
from backend.storage.queries import accounts, users
from backend.storage.queries import links as stored_links
from backend.storage.queries import sessions as stored_sessions
from backend.storage.queries.links import Link
from backend.storage.queries.users import User
from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class BrowserIdentity:
    """What identifies the browser that opened a link: the user, and what its cookies show."""

    user: User | None
    sign_up: str | None
    find_device: FindDevice
    trusted_browser_tokens: Sequence[BrowserToken] = ()

    def knows(self, user: User, password_hash: str | None) -> bool:
        """Tell whether this user is signed in here, or was with this password."""
        if self.user is not None and self.user.id == user.id:
            return True
        return password_hash is not None and self.find_device(user.id, password_hash) is not None


_BY_STRANGER = "by_stranger"
"""In a link's data: requested by somebody not signed in, although sign-up signs users in."""
_NO_PASSWORD: dict[str, Any] = {"password_hash": None}
_CHOOSE_A_NEW_ONE = (
    "Your address is confirmed, but your account has no password: nobody could tell whether it was "
    "you who chose one. Choose one now with 'forgot password'."
)


def mail_at_sign_up(link_mailer: LinkMailer) -> SignUpHook:
    """Build the hook that mails a link after a sign-up, or does what cannot be told from it."""

    def hook(work: Work, sign_up: CompletedSignUp) -> None:
        callback = sign_up.callback or "/"
        if sign_up.taken:
            _mail_repeated_sign_up(work, link_mailer, sign_up, callback)
        else:
            _mail(work, link_mailer, sign_up.user, sign_up.user.email, callback)

    return hook


def refuse_unverified(link_mailer: LinkMailer) -> SignInCheck:
    """Build the gate of REQUIRE_VERIFIED_EMAIL; it may mail another link."""

    def gate(work: Work, attempt: SignInAttempt) -> None:
        settings, user = work.settings, attempt.user
        proved = user.email_verified and not attempt.by_pending_sign_up
        if proved or user.is_anonymous or not settings.require_verified_email:
            return
        reason = "taken" if attempt.by_pending_sign_up else "unverified"
        work.keep(Event(EventKind.SIGN_IN_FAILED, subject=user.id, detail={"reason": reason}))
        if settings.resend_verification_on_sign_in and _may_mail(link_mailer, user.email):
            callback = attempt.callback or "/"
            recipient = None if user.email_verified else user
            work.run_even_if_refused(
                lambda later: _mail(later, link_mailer, recipient, user.email, callback)
            )
        raise Refusal("EMAIL_NOT_VERIFIED")

    return gate


def send_link(work: Work, link_mailer: LinkMailer, address: str, callback: str) -> None:
    """Mail a link to an unverified user; for any other address do the same work without a mail.

    Where sign-up signs users in, a caller who is not signed in may not know the password.
    """
    email = normalize_email(address)
    user = users.find_by_email(work.db, email)
    within_limit = _may_mail(link_mailer, email)
    recipient = user if user and not user.email_verified and within_limit else None
    by_stranger = work.settings.strict and not work.settings.require_verified_email
    data = {_BY_STRANGER: True} if by_stranger else {}
    _mail(work, link_mailer, recipient, email, callback, data)
    _record_request(work, user)


def send_link_to_self(work: Work, link_mailer: LinkMailer, address: str, callback: str) -> None:
    """Mail a link to the signed-in user, and to nobody else."""
    user = work.actor
    if normalize_email(address) != user.email:
        raise Refusal("EMAIL_MISMATCH")
    if user.email_verified:
        raise Refusal("EMAIL_ALREADY_VERIFIED")
    recipient = user if _may_mail(link_mailer, user.email) else None
    _mail(work, link_mailer, recipient, user.email, callback)
    _record_request(work, user)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """An address that has just been verified."""

    user: User
    known: bool
    """Whether the browser had been in the account before."""
    keeps_password: bool
    """False if nobody could tell who had chosen it."""


def verify(
    work: Work, issuer: SessionIssuer, link_mailer: LinkMailer, link: Link, browser: BrowserIdentity
) -> IssuedSession | Challenge | None:
    """Mark the address as verified.

    A second click, perhaps after a mail scanner's, succeeds without effect and gives no session.
    With SIGN_IN_AFTER_VERIFICATION the first gives one, unless the browser already has a session
    of any user: a page can send a browser to another account's link (login CSRF).
    """
    user = _find_user(work, link)
    if user.email_verified:
        return None
    confirmation = confirm_address(work, link_mailer, user, browser, except_link=link.id)
    if confirmation is None:
        _check_second_click(work, user)
        return None
    if not links.use(work, link):
        raise Refusal("INVALID_TOKEN")
    if not confirmation.keeps_password:
        return None
    if not work.settings.sign_in_after_verification or browser.user is not None:
        return None
    if link.data.get(_BY_STRANGER) and not confirmation.known:
        return None
    trusted = browser.trusted_browser_tokens
    attempt = SignInAttempt(confirmation.user, Method.VERIFICATION, trusted_browser_tokens=trusted)
    return issuer.finish_sign_in(work, attempt)


def confirm_address(
    work: Work,
    link_mailer: LinkMailer,
    user: User,
    browser: BrowserIdentity,
    *,
    except_link: UUID | None = None,
) -> Confirmation | None:
    """Mark the address of an unverified user as verified, because somebody reads its mail.

    Where several signed up, the password is that of the browser, or there is none (decision 0023).
    None if the address has changed or is verified meanwhile.
    """
    stored_hash = users.find_password_hash(work.db, user.id)
    has_way_in = stored_hash is not None or accounts.exists_for_user(work.db, user.id)
    known = has_way_in and (
        browser.knows(user, stored_hash) or _came_from_provider(work, link_mailer, browser, user)
    )
    decided = known or not unproven_credentials.is_contested(work, user, stored_hash)
    choices = {} if decided else _find_choices(work, link_mailer, browser, user)
    columns = pending_sign_ups.claim_username(work, user, stored_hash, choices)
    verified = users.verify_email(work.db, user.id, user.email, columns, work.now())
    if verified is None:
        return None
    _revoke_other_sign_ups(work, user, except_link, all_of_it=not decided)
    if known:
        unproven_credentials.mark_as_owners(work, verified)
    elif not decided:
        verified = unproven_credentials.remove_all(work, link_mailer.mailer, verified)
    work.record(Event(EventKind.EMAIL_VERIFIED, user.id, user.id))
    keeps_password = choices != _NO_PASSWORD
    if not keeps_password:
        templates.enqueue_notice(work, link_mailer.mailer, user.email, _CHOOSE_A_NEW_ONE)
    return Confirmation(verified, known, keeps_password)


def _find_user(work: Work, link: Link) -> User:
    user = users.find(work.db, link.user_id) if link.user_id else None
    if user is None:
        raise Refusal("USER_NOT_FOUND")
    if user.email != link.email:
        raise Refusal("INVALID_TOKEN")
    return user


def _find_choices(
    work: Work, link_mailer: LinkMailer, browser: BrowserIdentity, user: User
) -> dict[str, Any]:
    """Return the columns this browser chose when it signed up for the address, or no password."""
    signed_up = _find_kept_link(work, link_mailer, browser, user, LinkKind.SIGN_UP)
    return signed_up.data if signed_up else _NO_PASSWORD


def _came_from_provider(
    work: Work, link_mailer: LinkMailer, browser: BrowserIdentity, user: User
) -> bool:
    """Tell whether this browser came from a provider as this user, and was to verify first."""
    kind = LinkKind.PROVIDER_SIGN_IN
    return _find_kept_link(work, link_mailer, browser, user, kind) is not None


def _find_kept_link(
    work: Work, link_mailer: LinkMailer, browser: BrowserIdentity, user: User, kind: LinkKind
) -> Link | None:
    """Find what the browser has kept of its sign-up as this user."""
    if browser.sign_up is None:
        return None
    try:
        kept = links.find(work.db, work.now(), link_mailer.link_tokens, browser.sign_up, kind)
    except Refusal:
        return None
    return kept if kept.user_id == user.id and kept.email == user.email else None


def _check_second_click(work: Work, user: User) -> None:
    # The first click may be a moment ago; its outcome counts.
    stored = users.find(work.db, user.id)
    if stored is None or not stored.email_verified:
        raise Refusal("INVALID_TOKEN")


def _revoke_other_sign_ups(
    work: Work, user: User, except_link: UUID | None, *, all_of_it: bool
) -> None:
    """Revoke other sign-ups for this address; with `all_of_it` also sessions and other links."""
    if all_of_it:
        stored_sessions.delete_all(work.db, user.id)
        stored_links.delete_for_user(work.db, user.id, except_id=except_link)
    else:
        of_sign_ups = [LinkKind.SIGN_UP, LinkKind.PROVIDER_SIGN_IN]
        stored_links.delete_for_user(work.db, user.id, of_sign_ups)


def _mail_repeated_sign_up(
    work: Work, link_mailer: LinkMailer, sign_up: CompletedSignUp, callback: str
) -> None:
    """Handle a sign-up for a taken address like the first, with as many writes.

    With STRICT an unverified owner gets a link, and a verified one a notice.
    """
    email = sign_up.user.email
    may_tell = work.settings.strict and may_mail(link_mailer, "sign-up", email)
    owner = sign_up.owner if may_tell else None
    if owner is not None and owner.email_verified:
        _notify_owner(work, link_mailer, owner)
    else:
        _mail(work, link_mailer, owner, email, callback)


def _notify_owner(work: Work, link_mailer: LinkMailer, owner: User) -> None:
    tokens, lifetime = link_mailer.link_tokens, work.settings.verification_link_lifetime
    links.issue(work, tokens, LinkKind.VERIFY_EMAIL, user_id=None, email="", lifetime=lifetime)
    notice = (
        "Somebody tried to sign up with this address, but you have an account already. "
        "If it was you, sign in instead."
    )
    templates.enqueue_notice(work, link_mailer.mailer, owner.email, notice)


def _may_mail(link_mailer: LinkMailer, address: str) -> bool:
    return may_mail(link_mailer, LinkKind.VERIFY_EMAIL, address)


def _mail(
    work: Work,
    link_mailer: LinkMailer,
    user: User | None,
    to: str,
    callback: str,
    data: dict[str, Any] | None = None,
) -> None:
    lifetime = work.settings.verification_link_lifetime
    link = NewLink(LinkKind.VERIFY_EMAIL, user, to, callback, lifetime, data or {})
    mail_link(work, link_mailer, link, templates.VERIFY_EMAIL)


def _record_request(work: Work, user: User | None) -> None:
    subject, detail = user.id if user else None, {"known": user is not None}
    work.record(Event(EventKind.VERIFICATION_REQUESTED, None, subject, detail))
