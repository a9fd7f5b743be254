"""Mailing a link that signs in, and using it up (wire.md 5.5)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from backend.features.accounts import mailbox_sign_in
from backend.features.accounts.mailbox_sign_in import MailboxSignIn, ProvenMailbox
from backend.features.accounts.session_issuer import Method, SessionIssuer
from backend.features.links import service as links
from backend.features.links.link_mailer import LinkMailer, NewLink, mail_link, may_mail
from backend.features.links.service import LinkKind
from backend.features.mail import templates
from backend.kernel.email_address import normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import BrowserToken, SessionToken
from backend.kernel.secrets.tokens import digest
from backend.kernel.settings import Settings
from backend.limits.rules import SIGN_IN_MAILS
from backend.storage.queries import users
from backend.storage.queries.links import Link
from backend.storage.queries.users import User
from backend.storage.work import Work

_BROWSER = "browser"
"""In a link's data: the digest of what the cookie of the browser that asked for it holds."""


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """Who asks for a link, and where it leads to."""

    address: str
    name: str
    """Of the user, if there is none yet."""
    callback: str
    targets: Mapping[str, str]
    """Other targets by the name of their parameter."""
    browser: BrowserToken | None
    """What the cookie of this browser will hold; none without STRICT."""


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A link that was opened, and what the browser sent along."""

    token: str
    presented_tokens: Sequence[SessionToken]
    trusted_browser_tokens: Sequence[BrowserToken]


def request_link(work: Work, link_mailer: LinkMailer, request: LinkRequest) -> None:
    """Mail a link to an address, whether or not somebody has it.

    Where nobody can sign up this way, with STRICT an unknown address gets none, at the same cost.
    """
    email, settings = normalize_email(request.address), work.settings
    user = users.find_by_email(work.db, email)
    within_limit = may_mail(link_mailer, LinkKind.MAGIC_LINK, email, SIGN_IN_MAILS)
    data = {"name": request.name}
    if request.browser is not None:
        data[_BROWSER] = digest(request.browser).hex()
    link = NewLink(
        LinkKind.MAGIC_LINK,
        user if within_limit else None,
        to=email,
        callback=request.callback,
        lifetime=settings.magic_link_lifetime,
        data=data,
        targets=request.targets,
        to_nobody_yet=within_limit and (can_sign_up(settings) or not settings.strict),
    )
    mail_link(work, link_mailer, link, templates.magic_link(settings.magic_link_lifetime))
    subject, known = user.id if user else None, user is not None
    detail = {"known": known, "within_limit": within_limit}
    work.record(Event(EventKind.MAGIC_LINK_REQUESTED, None, subject, detail))


def can_sign_up(settings: Settings) -> bool:
    """Tell whether a link makes an account for an address that has none."""
    return settings.sign_up and settings.magic_link_sign_up


def find_link(work: Work, link_mailer: LinkMailer, token: str) -> Link:
    """Find a link that still works, without using it up; refuses INVALID_TOKEN."""
    try:
        link = links.find(work.db, work.now(), link_mailer.link_tokens, token, LinkKind.MAGIC_LINK)
    except Refusal:
        raise Refusal("INVALID_TOKEN") from None  # an expired one too
    if link.used_at is not None:
        raise Refusal("INVALID_TOKEN")
    return link


def was_asked_for_in(link: Link, browsers: Collection[BrowserToken]) -> bool:
    """Tell whether a browser with these cookies asked for the link."""
    return link.data.get(_BROWSER) in {digest(browser).hex() for browser in browsers}


def sign_in(
    work: Work, issuer: SessionIssuer, link_mailer: LinkMailer, opened: OpenedLink
) -> MailboxSignIn | None:
    """Use a link up and sign in; None if nobody has the address and nobody can sign up.

    Refuses INVALID_TOKEN. Of concurrent calls one wins.
    """
    link = find_link(work, link_mailer, opened.token)
    user = users.lock_by_email(work.db, link.email)  # first, as every change of a user does
    if not _is_for(link, user) or not links.use(work, link):
        raise Refusal("INVALID_TOKEN")
    mailbox = ProvenMailbox(
        link.email,
        Method.MAGIC_LINK,
        signs_up=can_sign_up(work.settings),
        name=link.data.get("name", ""),
        presented_tokens=opened.presented_tokens,
        trusted_browser_tokens=opened.trusted_browser_tokens,
    )
    signed_in = mailbox_sign_in.sign_in(work, issuer, link_mailer.mailer, mailbox)
    if signed_in is None:
        method = Method.MAGIC_LINK.value
        work.record(Event(EventKind.SIGN_IN_FAILED, detail={"known": False, "method": method}))
    return signed_in


def _is_for(link: Link, user: User | None) -> bool:
    """Tell whether the address still belongs to whom the link was mailed to, if to anybody.

    A user may have moved to another address since, or be gone: the link must not bring back what
    they left.
    """
    return link.user_id is None or (user is not None and user.id == link.user_id)
