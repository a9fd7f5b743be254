"""Mailing links: a row that can be used once, and the mail with its token.

Where a response must not reveal whether an address is known, an unknown one gets decoys at the same
cost: a link that opens nothing, and a mail that is never sent (ASVS 6.3.8).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from backend.features.links import service as links
from backend.features.links.service import LinkKind, LinkToken, LinkTokens
from backend.features.mail.service import Mailer, enqueue, enqueue_decoy
from backend.features.mail.templates import Template
from backend.limits.limiter import Limiter
from backend.limits.rules import MAILS_PER_ADDRESS, Rule
from backend.storage.queries.users import User
from backend.storage.work import Work

_PAGES = {
    LinkKind.DELETE_USER: "delete-user/callback",
    LinkKind.MAGIC_LINK: "magic-link/verify",
}


@dataclass(frozen=True, slots=True)
class LinkMailer:
    """The services that mailing a link needs besides `Work`."""

    link_tokens: LinkTokens
    mailer: Mailer
    limiter: Limiter


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to be mailed to `to`."""

    kind: LinkKind
    user: User | None
    """Whose it is; None for a decoy, and for an address that nobody has yet."""
    to: str
    callback: str
    """Where the browser goes after the click; checked, or empty."""
    lifetime: int
    """In seconds."""
    data: dict[str, Any] = field(default_factory=dict)
    sent: bool = True
    """Whether the mail is sent; if not, the link is stored for the user all the same."""
    to_nobody_yet: bool = False
    """Whether it is no decoy without a user: opening it may make the account."""
    targets: Mapping[str, str] = field(default_factory=dict)
    """Other places the browser may go to, by the name of their parameter; checked."""

    @property
    def is_decoy(self) -> bool:
        return self.user is None and not self.to_nobody_yet


def may_mail(
    link_mailer: LinkMailer, reason: str, address: str, rule: Rule = MAILS_PER_ADDRESS
) -> bool:
    """Count a mail that anybody can request, and tell whether it may still be sent.

    Beyond the limit the caller writes a decoy: no mailbox is flooded, and responses stay the same.
    Each reason counts separately, so that a flood of one kind leaves the others usable.
    """
    mailbox = sha256(address.encode()).hexdigest()
    return link_mailer.limiter.count(rule, reason, mailbox) is None


def mail_link(work: Work, link_mailer: LinkMailer, link: NewLink, template: Template) -> None:
    """Create a link and queue its mail, or their decoys."""
    token = links.issue(
        work,
        link_mailer.link_tokens,
        link.kind,
        user_id=link.user.id if link.user else None,
        email="" if link.is_decoy else link.user.email if link.user else link.to,
        lifetime=link.lifetime,
        data={} if link.is_decoy else link.data,
    )
    url = _build_url(work.settings.base_url, link, token)
    message = template.render(work.settings.app_name, link.to, url, token.reveal())
    if link.is_decoy or not link.sent:
        enqueue_decoy(work, link_mailer.mailer, message)
    else:
        enqueue(work, link_mailer.mailer, message)


def _build_url(base_url: str, link: NewLink, token: LinkToken) -> str:
    targets = {"callbackURL": link.callback, **link.targets}
    callback = "&".join(f"{name}={quote(each, safe='')}" for name, each in targets.items())
    if link.kind is LinkKind.RESET_PASSWORD:
        return f"{base_url}/api/auth/reset-password/{token.reveal()}?{callback}"
    page = _PAGES.get(link.kind, "verify-email")
    return f"{base_url}/api/auth/{page}?token={quote(token.reveal(), safe='')}&{callback}"
