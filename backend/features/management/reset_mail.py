"""Mailing a user a link for a new password, as an admin."""

from backend.features.admin.permissions import SET_PASSWORD, authorise_for_user
from backend.features.links.link_mailer import LinkMailer, NewLink, mail_link
from backend.features.links.service import LinkKind
from backend.features.mail import templates
from backend.features.sessions.cache import CurrentSession
from backend.kernel.configuration.web_urls import has_wildcard
from backend.kernel.events import Event, EventKind
from backend.kernel.settings import Settings
from backend.storage.queries.users import User
from backend.storage.work import Work

_PAGE = "/reset-password"


def send(
    work: Work,
    link_mailer: LinkMailer,
    current: CurrentSession,
    user_id: str,
    redirect_to: str | None,
) -> User:
    """Mail a user a link for a new password, without the limit on requests.

    It is the link they could request themselves: only the owner of the mailbox can use it.
    """
    user = authorise_for_user(work, current, user_id, SET_PASSWORD)
    link = NewLink(
        LinkKind.RESET_PASSWORD,
        user,
        to=user.email,
        callback=redirect_to or default_page(work.settings),
        lifetime=work.settings.reset_link_lifetime,
    )
    mail_link(work, link_mailer, link, templates.RESET_PASSWORD)
    work.record(Event(EventKind.PASSWORD_RESET_REQUESTED, current.user.id, user.id))
    return user


def default_page(settings: Settings) -> str:
    """Return the default page for the new password, on the first frontend that is a site."""
    sites = (url for url in settings.frontend_url if url.startswith("http"))
    return next((url for url in sites if not has_wildcard(url)), "") + _PAGE
