"""Links in mails: for one purpose, stored as digests, used once.

Their URL is built from PUBLIC_URL alone, never from request headers: a caller who could choose the
host of a mailed link would receive its token (CVE-2025-64101 and three before it).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Secret, SessionToken
from backend.kernel.secrets.signing import Keyring
from backend.kernel.secrets.tokens import TokenMint, digest
from backend.kernel.timestamps import add_seconds
from backend.storage.db import Db
from backend.storage.queries import links
from backend.storage.queries.links import Link
from backend.storage.work import Work


class LinkKind(StrEnum):
    """The purpose of a link; a token of one kind is not valid for another."""

    VERIFY_EMAIL = "verify-email"
    CHANGE_EMAIL_CONFIRM = "change-email-confirm"
    CHANGE_EMAIL_VERIFY = "change-email-verify"
    RESET_PASSWORD = "reset-password"  # noqa: S105  a kind of link, not a password
    DELETE_USER = "delete-user"
    MAGIC_LINK = "magic-link"
    SIGN_UP = "sign-up"
    """Not mailed: kept in a cookie of the browser that signed up."""
    PROVIDER_SIGN_IN = "provider-sign-in"
    """Not mailed: kept in the same cookie of a browser that came from a provider, and was refused
    because the address is not verified."""
    ONE_TIME_TOKEN = "one-time-token"  # noqa: S105
    """Not mailed: handed by the application to where the session is to go on."""


class LinkToken(Secret):
    """The token in a mailed link."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LinkTokens:
    """Draws and recognises the tokens of mailed links."""

    mint: TokenMint

    @classmethod
    def of(cls, keyring: Keyring) -> "LinkTokens":
        return cls(TokenMint(keyring, "link"))


def issue(
    work: Work,
    link_tokens: LinkTokens,
    kind: LinkKind,
    *,
    user_id: UUID | None,
    email: str,
    lifetime: int,
    data: dict[str, Any] | None = None,
) -> LinkToken:
    """Create a link that is valid for `lifetime` seconds. Without an address it is a decoy row, so
    that a request about an unknown address costs the same."""
    now = work.now()
    text = link_tokens.mint.generate(work.randomness)
    link = Link(
        id=work.new_id(),
        kind=kind.value,
        user_id=user_id,
        email=email,
        data=data or {},
        expires_at=add_seconds(now, lifetime),
        created_at=now,
        used_at=None,
    )
    links.insert(work.db, link, digest(SessionToken(text)))
    return LinkToken(text)


def find(db: Db, now: datetime, link_tokens: LinkTokens, token: str, *kinds: LinkKind) -> Link:
    """Find a link of these kinds without using it up; refuses INVALID_TOKEN or TOKEN_EXPIRED.

    A used link is found too: what a second click does depends on the kind.
    """
    if not link_tokens.mint.is_authentic(token):
        raise Refusal("INVALID_TOKEN")
    link = links.find(db, [kind.value for kind in kinds], digest(SessionToken(token)))
    if link is None or link.is_decoy:
        raise Refusal("INVALID_TOKEN")
    if link.expires_at <= now:
        raise Refusal("TOKEN_EXPIRED")
    return link


def use(work: Work, link: Link) -> bool:
    """Mark a link as used; False if it already was, even by a concurrent request."""
    return links.mark_used(work.db, link.id, work.now())
