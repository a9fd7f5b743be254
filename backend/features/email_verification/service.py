"""Proving that an address is one's own: the links, and what hangs on them."""

from typing import Any

from backend.features.accounts.service import Accounts, Gate, Hook, SigningIn, SignUpDone
from backend.features.links import service as links
from backend.features.links.mailing import Mailing, NewLink, mail_link, may_mail
from backend.features.links.service import LinkKind
from backend.features.mail import letters
from backend.features.mail.service import post
from backend.features.sessions import service as sessions
from backend.features.sessions.service import Issued
from backend.kernel.email_address import normal_form
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.storage import links as stored_links
from backend.storage import sessions as stored_sessions
from backend.storage import users
from backend.storage.links import Link
from backend.storage.users import User
from backend.storage.work import Work

_OF_ITS_SIGN_UP = ("password_hash", "name", "image")
"""What a link of a sign-up may carry: columns that the click sets."""


def mail_at_sign_up(mailing: Mailing) -> Hook:
    """Return what follows each sign-up: a mail with a link, or what cannot be told from one."""

    def hook(work: Work, done: SignUpDone) -> None:
        callback = done.callback or "/"
        if not done.taken:
            _mail(work, mailing, done.user, done.user.email, callback, _activating(work, done))
            return
        _answer_repeated(work, mailing, done, callback)

    return hook


def refuse_unverified(mailing: Mailing) -> Gate:
    """Return the gate of REQUIRE_VERIFIED_EMAIL; it may mail another link on the way."""

    def gate(work: Work, signing_in: SigningIn) -> None:
        settings, user = work.settings, signing_in.user
        if user.email_verified or not settings.require_verified_email:
            return
        why = Event(EventKind.SIGN_IN_FAILED, subject=user.id, detail={"reason": "unverified"})
        work.keep(why)
        if settings.resend_verification_on_sign_in and _may_mail(mailing, user.email):
            callback = signing_in.callback or "/"
            work.anyway(lambda later: _mail(later, mailing, user, user.email, callback, {}))
        raise Refusal("EMAIL_NOT_VERIFIED")

    return gate


def send(work: Work, mailing: Mailing, address: str, callback: str) -> None:
    """Mail a link to an unverified user; for any other address do the same without a mail."""
    email = normal_form(address)
    user = users.find_by_email(work.db, email)
    within = _may_mail(mailing, email)
    wanted = user if user and not user.email_verified and within else None
    _mail(work, mailing, wanted, email, callback, {})
    _record_request(work, user)


def send_to_oneself(work: Work, mailing: Mailing, address: str, callback: str) -> None:
    """Mail a link to who is signed in, and to nobody else."""
    user = work.actor
    if normal_form(address) != user.email:
        raise Refusal("EMAIL_MISMATCH")
    if user.email_verified:
        raise Refusal("EMAIL_ALREADY_VERIFIED")
    wanted = user if _may_mail(mailing, user.email) else None
    _mail(work, mailing, wanted, user.email, callback, {})
    _record_request(work, user)


def verify(work: Work, accounts: Accounts, link: Link, current: User | None) -> Issued | None:
    """Note that the user reads the mail of this address.

    A second click, by a person or by a mail scanner before them, is a quiet success and gives no
    session. With SIGN_IN_AFTER_VERIFICATION the first gives one, unless the caller has one,
    whoever's: any page can send a browser to the link of another account (login CSRF).
    """
    user = users.find(work.db, link.user_id) if link.user_id else None
    if user is None:
        raise Refusal("USER_NOT_FOUND")
    if user.email != link.email:
        raise Refusal("INVALID_TOKEN")
    if user.email_verified:
        return None
    changes = {name: link.data[name] for name in _OF_ITS_SIGN_UP if name in link.data}
    before = users.find_password_hash(work.db, user.id)
    verified = users.verify_email(work.db, user.id, link.email, changes, work.now())
    if verified is None:
        _check_second_click(work, user)
        return None
    if not links.use(work, link):
        raise Refusal("INVALID_TOKEN")
    if changes and changes["password_hash"] != before:
        _end_what_others_had(work, user, link)
    work.record(Event(EventKind.EMAIL_VERIFIED, user.id, user.id))
    if not work.settings.sign_in_after_verification or current is not None:
        return None
    return _sign_in(work, accounts, verified)


def _sign_in(work: Work, accounts: Accounts, user: User) -> Issued | None:
    signing_in = SigningIn(user, "verification", remember=True)
    if accounts.gates.first_answer(work, signing_in):
        return None  # more is asked for: then this way gives no session
    work.record(Event(EventKind.SIGN_IN, user.id, user.id, {"method": signing_in.method}))
    return sessions.issue(work, accounts.mint, user, remember=signing_in.remember)


def _check_second_click(work: Work, user: User) -> None:
    # The first may have been made in this very moment; its outcome counts.
    seen = users.find(work.db, user.id)
    if seen is None or not seen.email_verified:
        raise Refusal("INVALID_TOKEN")


def _end_what_others_had(work: Work, user: User, link: Link) -> None:
    """End what came from other sign-ups for this address: its owner has now chosen one."""
    stored_sessions.delete_all(work.db, user.id)
    stored_links.delete_of_user(work.db, user.id, but=link.id)


def _answer_repeated(work: Work, mailing: Mailing, done: SignUpDone, callback: str) -> None:
    """Answer a sign-up for a taken address as if it were the first, with as many writes.

    In STRICT an unverified account belongs to nobody yet, whoever came first (USENIX Security 2022,
    pre-hijacking): from the second sign-up on it has no password until somebody clicks, and then
    that of the very sign-up whose link it was. A verified owner is told instead.
    """
    email = done.user.email
    owner = done.owner if work.settings.strict and may_mail(mailing, "sign-up", email) else None
    if work.settings.strict:
        users.forget_password_of_unverified(work.db, email)
    if owner is not None and owner.email_verified:
        _tell_owner(work, mailing, owner)
        return
    said = {"name": done.user.name, "image": done.user.image}
    _mail(work, mailing, owner, email, callback, {**_activating(work, done), **said})


def _tell_owner(work: Work, mailing: Mailing, owner: User) -> None:
    lifetime = work.settings.verification_link_lifetime
    links.issue(
        work, mailing.links, LinkKind.VERIFY_EMAIL, user_id=None, email="", lifetime=lifetime
    )
    what = (
        "Somebody tried to sign up with this address, but you have an account already. "
        "If it was you, sign in instead."
    )
    post(work, mailing.office, letters.notice(work.settings.app_name, owner.email, what))


def _activating(work: Work, done: SignUpDone) -> dict[str, Any]:
    """Return what the link of a sign-up carries where several may compete for one address."""
    if work.settings.strict and work.settings.require_verified_email:
        return {"password_hash": done.password_hash}
    return {}


def _may_mail(mailing: Mailing, address: str) -> bool:
    return may_mail(mailing, LinkKind.VERIFY_EMAIL, address)


def _mail(
    work: Work, mailing: Mailing, user: User | None, to: str, callback: str, data: dict[str, Any]
) -> None:
    lifetime = work.settings.verification_link_lifetime
    link = NewLink(LinkKind.VERIFY_EMAIL, user, to, callback, lifetime, data)
    mail_link(work, mailing, link, letters.verify_email)


def _record_request(work: Work, user: User | None) -> None:
    subject = user.id if user else None
    known = user is not None
    work.record(Event(EventKind.VERIFICATION_REQUESTED, None, subject, {"known": known}))
