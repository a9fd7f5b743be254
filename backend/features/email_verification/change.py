"""Changing one's address by one mailed link or two.

An unverified user gets a link at the new address. A verified one first confirms at the old address
and then at the new one, so that a stolen session is not enough to take over the account.
"""

from backend.features.links import service as links
from backend.features.links.link_mailer import LinkMailer, NewLink, mail_link, may_mail
from backend.features.links.service import LinkKind
from backend.features.mail import templates
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import refuse_impersonator
from backend.kernel.email_address import normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal, refusal_without_code
from backend.storage.queries import users
from backend.storage.queries.links import Link
from backend.storage.queries.users import User
from backend.storage.work import Work


def request_change(
    work: Work, link_mailer: LinkMailer, current: CurrentSession, address: str, callback: str
) -> None:
    """Mail the first link. The response is the same for a taken address."""
    if not work.settings.change_email:
        raise Refusal("CHANGE_EMAIL_DISABLED")
    refuse_impersonator(current.session)
    user, new = work.actor, normalize_email(address)
    if new == user.email:
        raise refusal_without_code("Email is the same")
    if user.email_verified:
        _mail_old_address(work, link_mailer, user, new, callback)
    else:
        _mail_new_address(work, link_mailer, user, new, callback, confirmed=False)
    work.record(Event(EventKind.EMAIL_CHANGE_REQUESTED, user.id, user.id))


def confirm_change(
    work: Work, link_mailer: LinkMailer, link: Link, current: User | None, callback: str
) -> None:
    """Mail the new address, after the user has confirmed the change at the old one."""
    user = _owner(work, link, current)
    if not links.use(work, link):
        return  # a second click: the new address already has its mail
    _mail_new_address(work, link_mailer, user, link.data["new"], callback, confirmed=True)
    work.record(Event(EventKind.EMAIL_CHANGE_CONFIRMED, user.id, user.id))


def complete_change(
    work: Work, link_mailer: LinkMailer, link: Link, current: User | None
) -> User | None:
    """Change the address; None on a second click, which succeeds without effect.

    Whether it counts as verified stays as it was, as in Better Auth.
    """
    user = _owner(work, link, current)
    new: str = link.data["new"]
    if user.email == new:
        return None
    # Requested while the account was unverified, perhaps by somebody who signed up with another
    # person's address: once the owner has verified it, the old mailbox must confirm too.
    if user.email_verified and not link.data["confirmed"]:
        raise Refusal("INVALID_TOKEN")
    if users.email_exists(work.db, new) or not links.use(work, link):
        _check_second_click(work, user, new)
        return None
    changed = users.change_email(work.db, user.id, link.email, new, work.now())
    if changed is None:
        raise Refusal("INVALID_TOKEN")
    work.record(Event(EventKind.EMAIL_CHANGED, user.id, user.id))
    if user.email_verified:
        notice = "Your account has another address from now on, as you confirmed here."
        templates.enqueue_notice(work, link_mailer.mailer, user.email, notice)
    return changed


def _check_second_click(work: Work, user: User, new: str) -> None:
    # The first click may be a moment ago; its outcome counts.
    stored = users.find(work.db, user.id)
    if stored is None or stored.email != new:
        raise Refusal("INVALID_TOKEN")


def _owner(work: Work, link: Link, current: User | None) -> User:
    """Find the owner of a link; refuses if another user is signed in or the address has changed."""
    user = users.find(work.db, link.user_id) if link.user_id else None
    if user is None:
        raise Refusal("USER_NOT_FOUND")
    done = link.used_at is not None and user.email == link.data["new"]
    if user.email != link.email and not done:
        raise Refusal("INVALID_TOKEN")
    if current is not None and current.id != user.id:
        raise Refusal("INVALID_USER")
    return user


def _mail_old_address(
    work: Work, link_mailer: LinkMailer, user: User, new: str, callback: str
) -> None:
    # With STRICT the mail is sent even if the new address is taken: it goes to the caller's own
    # mailbox, where its absence would reveal that.
    free = work.settings.strict or not users.email_exists(work.db, new)
    within_limit = may_mail(link_mailer, LinkKind.CHANGE_EMAIL_CONFIRM, user.email)
    link = NewLink(
        LinkKind.CHANGE_EMAIL_CONFIRM,
        user,
        to=user.email,
        callback=callback,
        lifetime=work.settings.verification_link_lifetime,
        data={"new": new},
        sent=free and within_limit,
    )
    mail_link(work, link_mailer, link, templates.confirm_change(new))


def _mail_new_address(
    work: Work, link_mailer: LinkMailer, user: User, new: str, callback: str, *, confirmed: bool
) -> None:
    free = not users.email_exists(work.db, new)
    within_limit = may_mail(link_mailer, LinkKind.CHANGE_EMAIL_VERIFY, new)
    link = NewLink(
        LinkKind.CHANGE_EMAIL_VERIFY,
        user,
        to=new,
        callback=callback,
        lifetime=work.settings.verification_link_lifetime,
        data={"new": new, "confirmed": confirmed},
        sent=free and within_limit,  # stored either way: the caller's export shows it
    )
    mail_link(work, link_mailer, link, templates.VERIFY_NEW_ADDRESS)
