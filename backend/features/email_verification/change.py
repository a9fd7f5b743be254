"""Changing one's address, in as many steps as there are mailboxes to ask.

An unverified user gets a link at the new address. A verified one first confirms at the old address
and then at the new one: whoever borrowed a session cannot take the account along.
"""

from backend.features.links import service as links
from backend.features.links.link_mailer import LinkMailer, NewLink, mail_link, may_mail
from backend.features.links.service import LinkKind
from backend.features.mail import templates
from backend.features.mail.service import post
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import refuse_impersonator
from backend.kernel.email_address import normal_form
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal, plain_refusal
from backend.storage.queries import users
from backend.storage.queries.links import Link
from backend.storage.queries.users import User
from backend.storage.work import Work


def request(
    work: Work, link_mailer: LinkMailer, current: CurrentSession, address: str, callback: str
) -> None:
    """Mail the first link. An address that is taken is answered alike."""
    if not work.settings.change_email:
        raise Refusal("CHANGE_EMAIL_DISABLED")
    refuse_impersonator(current.session)
    user, new = work.actor, normal_form(address)
    if new == user.email:
        raise plain_refusal("Email is the same")
    if user.email_verified:
        _ask_at_old_address(work, link_mailer, user, new, callback)
    else:
        _ask_at_new_address(work, link_mailer, user, new, callback, confirmed=False)
    work.record(Event(EventKind.EMAIL_CHANGE_REQUESTED, user.id, user.id))


def confirm(
    work: Work, link_mailer: LinkMailer, link: Link, current: User | None, callback: str
) -> None:
    """Go on to the new address: the user has confirmed the change at the old one."""
    user = _owner(work, link, current)
    if not links.use(work, link):
        return  # a second click: the new address has been asked
    _ask_at_new_address(work, link_mailer, user, link.data["new"], callback, confirmed=True)
    work.record(Event(EventKind.EMAIL_CHANGE_CONFIRMED, user.id, user.id))


def complete(work: Work, link_mailer: LinkMailer, link: Link, current: User | None) -> User | None:
    """Give the user the new address; None on a second click, which is a quiet success.

    Whether an address of theirs counts as verified stays as it was, as Better Auth has it.
    """
    user = _owner(work, link, current)
    new: str = link.data["new"]
    if user.email == new:
        return None
    # Asked for while the account was unverified, perhaps by somebody who signed up with the
    # address of another: once that one has proved to own it, their old mailbox has a say.
    if user.email_verified and not link.data["confirmed"]:
        raise Refusal("INVALID_TOKEN")
    if users.is_taken(work.db, new) or not links.use(work, link):
        _check_second_click(work, user, new)
        return None
    changed = users.change_email(work.db, user.id, link.email, new, work.now())
    if changed is None:
        raise Refusal("INVALID_TOKEN")
    work.record(Event(EventKind.EMAIL_CHANGED, user.id, user.id))
    if user.email_verified:
        what = "Your account has another address from now on, as you confirmed here."
        post(work, link_mailer.mailer, templates.notice(work.settings.app_name, user.email, what))
    return changed


def _check_second_click(work: Work, user: User, new: str) -> None:
    # The first may have been made in this very moment; its outcome counts.
    seen = users.find(work.db, user.id)
    if seen is None or seen.email != new:
        raise Refusal("INVALID_TOKEN")


def _owner(work: Work, link: Link, current: User | None) -> User:
    """Find whose link it is; refuses when another is signed in, or the address was changed."""
    user = users.find(work.db, link.user_id) if link.user_id else None
    if user is None:
        raise Refusal("USER_NOT_FOUND")
    done = link.used_at is not None and user.email == link.data["new"]
    if user.email != link.email and not done:
        raise Refusal("INVALID_TOKEN")
    if current is not None and current.id != user.id:
        raise Refusal("INVALID_USER")
    return user


def _ask_at_old_address(
    work: Work, link_mailer: LinkMailer, user: User, new: str, callback: str
) -> None:
    # In STRICT the mail comes even if the new address is taken: it lands in the caller's own
    # mailbox, where its absence would tell.
    free = work.settings.strict or not users.is_taken(work.db, new)
    within = may_mail(link_mailer, LinkKind.CHANGE_EMAIL_CONFIRM, user.email)

    link = NewLink(
        LinkKind.CHANGE_EMAIL_CONFIRM,
        user,
        to=user.email,
        callback=callback,
        lifetime=work.settings.verification_link_lifetime,
        data={"new": new},
        sent=free and within,
    )
    mail_link(work, link_mailer, link, templates.confirm_change(new))


def _ask_at_new_address(
    work: Work, link_mailer: LinkMailer, user: User, new: str, callback: str, *, confirmed: bool
) -> None:
    free = not users.is_taken(work.db, new)
    within = may_mail(link_mailer, LinkKind.CHANGE_EMAIL_VERIFY, new)
    link = NewLink(
        LinkKind.CHANGE_EMAIL_VERIFY,
        user,
        to=new,
        callback=callback,
        lifetime=work.settings.verification_link_lifetime,
        data={"new": new, "confirmed": confirmed},
        sent=free and within,  # the link is the caller's in any case: their export would tell
    )
    mail_link(work, link_mailer, link, templates.VERIFY_NEW_ADDRESS)
