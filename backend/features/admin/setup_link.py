"""The link in the log that makes the first admin, where no setting and no account says who it is.

Whoever reads the log of a server owns it. There is never a default password (ASVS 6.3.2).
"""

import hmac
from dataclasses import dataclass
from typing import NoReturn

from backend.features.accounts.service import Accounts
from backend.features.admin.first_admin import NAME, CreatedBy, add_admin, lock_first_admin
from backend.kernel.email_address import normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import Randomness, random_alphanumeric
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password, SetupToken
from backend.kernel.secrets.tokens import TokenDigest, digest
from backend.storage.queries import users
from backend.storage.work import Work

_PAGE = "first-admin?token="
"""The panel's page that the link opens."""
_TOKEN_LENGTH = 32  # 190 bits; nobody guesses one


@dataclass(slots=True)
class SetupLink:
    """The link of this process: it ends with its use, with the process, or with another admin."""

    digest: TokenDigest | None = None
    """Only this is kept; None if there is no link."""

    def open(self, randomness: Randomness) -> str:
        """Make the link usable; returns what follows the panel's URL in it, with the token."""
        token = SetupToken(random_alphanumeric(randomness, _TOKEN_LENGTH))
        self.digest = digest(token)
        return f"{_PAGE}{token.reveal()}"

    def matches(self, token: SetupToken) -> bool:
        return self.digest is not None and hmac.compare_digest(self.digest, digest(token))

    def end(self) -> None:
        """Let it open nothing more."""
        self.digest = None


@dataclass(frozen=True, slots=True)
class NewAdmin:
    """What the first admin has chosen."""

    address: str
    password: Password
    name: str = NAME


def create_by_link(
    work: Work, accounts: Accounts, link: SetupLink, token: SetupToken, new: NewAdmin
) -> None:
    """Create the first admin; refuses unless the link is this one, and there is still no admin.

    Of two at the same moment one is created.
    """
    if not link.matches(token):
        _refuse(work, "wrong link")
    if users.admin_exists(work.db):
        _refuse(work, "there is an admin")
    email = normalize_email(new.address)
    accounts.rules.check_new(new.password, email, new.name)
    hashed = work.run_outside_transaction(accounts.hashes.hash, work.client, new.password)
    if not lock_first_admin(work):
        _refuse(work, "there is an admin")
    if not add_admin(work, email, new.name, hashed, CreatedBy.SETUP_LINK):
        raise Refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
    work.after_commit(link.end)


def _refuse(work: Work, reason: str) -> NoReturn:
    work.keep(Event(EventKind.FIRST_ADMIN_REFUSED, detail={"reason": reason}))
    raise Refusal("INVALID_TOKEN")
