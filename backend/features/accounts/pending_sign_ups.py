"""What was chosen at sign-up, kept until the address is verified (decision 0021)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from backend.features.links import service as links
from backend.features.links.service import LinkKind, LinkToken, LinkTokens
from backend.kernel.username import find_username_problem, normalize_username
from backend.storage.queries import links as stored_links
from backend.storage.queries import sign_ups, user_names, users
from backend.storage.queries.users import User, UserWithHash
from backend.storage.work import Work

_NAMES = ("username", "display_username")


@dataclass(frozen=True, slots=True)
class PendingSignUp:
    """A sign-up whose address is not verified yet."""

    owner: UserWithHash
    """The user who has the address: made by this sign-up, or by somebody else before."""
    password_hash: str

    @property
    def made_the_account(self) -> bool:
        """Whether the account, not yet verified, has the password of this sign-up."""
        unverified = not self.owner.user.email_verified
        return unverified and self.owner.password_hash == self.password_hash


def store(
    work: Work, link_tokens: LinkTokens, user: User, owner: User | None, password_hash: str
) -> LinkToken:
    """Store what was chosen for the lifetime of a link; `owner` is the user with this address.

    With STRICT an unverified account belongs to nobody yet, not even to the first who signed up
    (USENIX Security 2022, pre-hijacking): the second sign-up removes its password. Opening a link
    proves access to the mailbox, not who chose the password, unless the same browser opens it.
    """
    if work.settings.strict:
        users.clear_password_of_unverified(work.db, user.email, except_id=user.id)
    data = {"password_hash": password_hash, "name": user.name, "image": user.image}
    if user.username is not None:
        data |= {name: getattr(user, name) for name in _NAMES}
    return links.issue(
        work,
        link_tokens,
        LinkKind.SIGN_UP,
        user_id=owner.id if owner else None,
        email=user.email,
        lifetime=work.settings.verification_link_lifetime,
        data=data,
    )


def without_username(user: User) -> User:
    """Return the user as stored while the sign-up is pending: it does not reserve its user name.

    Otherwise a stranger could sign up with an address and any name, and see from whether the name
    is then free that the address was taken (decision 0029).
    """
    return replace(user, username=None)


def find_for(work: Work, credential: UserWithHash | None) -> PendingSignUp | None:
    """Find the pending sign-up for the address of a user, or ask in vain for nobody's.

    With STRICT the latest one, otherwise the first, which created the account.
    """
    if not work.settings.require_verified_email:
        return None
    user_id = credential.user.id if credential else work.new_id()  # unknown: the same query
    newest = work.settings.strict
    data = stored_links.find_data(work.db, LinkKind.SIGN_UP, user_id, work.now(), newest=newest)
    return PendingSignUp(credential, data["password_hash"]) if data and credential else None


def find_by_username(work: Work, username: str) -> PendingSignUp | None:
    """Find the latest pending sign-up with this user name, in its normal form."""
    if not work.settings.require_verified_email:
        return None
    found = sign_ups.find_by_username(work.db, LinkKind.SIGN_UP, username, work.now())
    return PendingSignUp(*found) if found else None


def claim_username(
    work: Work, user: User, password_hash: str | None, choices: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the columns of an account that becomes verified, with its user name if it is free.

    `choices` are those of the browser; if there are none, those with which the account was made.
    """
    columns = dict(choices) or _find_username(work, user, password_hash)
    username = columns.get("username")
    if username is None:
        return columns
    if user.username is not None:  # given to the account by an admin
        return {name: value for name, value in columns.items() if name not in _NAMES}
    if user_names.is_taken(work.db, username):
        return {**columns, **dict.fromkeys(_NAMES)}
    return columns


def _find_username(work: Work, user: User, password_hash: str | None) -> dict[str, Any]:
    """Return the user name that the sign-up which made this account asked for, as columns.

    Without a password, nobody can tell who chose it. If the link of that sign-up has expired, the
    name is `display_username`, as for a sign-up with nothing else.
    """
    settings = work.settings
    pending = settings.strict and settings.require_verified_email
    if not pending or user.username is not None or password_hash is None:
        return {}
    data = stored_links.find_data(work.db, LinkKind.SIGN_UP, user.id, work.now(), newest=True)
    if data and data.get("username"):
        return {name: data[name] for name in _NAMES}
    display = user.display_username
    if display is None or find_username_problem(display) is not None:
        return {}
    return {"username": normalize_username(display), "display_username": display}
