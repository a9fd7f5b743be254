"""Deleting one's own account: with the password, a fresh session, or a mailed link."""

from backend.features.accounts.attempts import FindDevice
from backend.features.accounts.passwords import check_current
from backend.features.accounts.removal import remove_user
from backend.features.accounts.service import Accounts
from backend.features.links import service as links
from backend.features.links.link_mailer import LinkMailer, NewLink, mail_link
from backend.features.links.service import LinkKind
from backend.features.mail import templates
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import is_fresh, refuse_impersonator
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.storage.work import Work

_LINK_LIFETIME = 86_400  # seconds


def check_may_delete(
    work: Work,
    accounts: Accounts,
    current: CurrentSession,
    password: Password | None,
    find_device: FindDevice,
    *,
    has_token: bool,
) -> None:
    """Refuse unless the caller gave the password, has a link, or signed in recently."""
    refuse_impersonator(current.session)
    if password:
        check_current(work, accounts, password, find_device)
        return
    proved_by_link = has_token or work.settings.delete_user_needs_link
    if not proved_by_link and not is_fresh(current.session, work.now(), work.settings):
        raise Refusal("SESSION_EXPIRED")


def mail_confirmation(work: Work, link_mailer: LinkMailer, callback: str) -> None:
    """Mail the link that deletes the account."""
    user = work.actor
    link = NewLink(LinkKind.DELETE_USER, user, user.email, callback, _LINK_LIFETIME)
    mail_link(work, link_mailer, link, templates.DELETE_ACCOUNT)
    work.record(Event(EventKind.USER_DELETION_REQUESTED, user.id, user.id))


def use_link(work: Work, link_mailer: LinkMailer, current: CurrentSession, token: str) -> None:
    """Use up the link that deletes the caller's account; refuses any other with INVALID_TOKEN."""
    refuse_impersonator(current.session)
    try:
        link = links.find(work.db, work.now(), link_mailer.link_tokens, token, LinkKind.DELETE_USER)
    except Refusal:
        raise Refusal("INVALID_TOKEN", status=404) from None
    is_own = link.user_id == work.actor.id and link.email == work.actor.email
    if not is_own or not links.use(work, link):
        raise Refusal("INVALID_TOKEN", status=404)


def delete_account(work: Work, accounts: Accounts) -> None:
    """Delete the caller's account and everything that names them."""
    remove_user(work, accounts, work.actor, by=work.actor.id)
