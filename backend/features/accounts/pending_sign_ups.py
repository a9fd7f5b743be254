"""Passwords and names chosen at sign-up, kept until the address is verified (decision 0021)."""

from uuid import UUID

from backend.features.links import service as links
from backend.features.links.service import LinkKind, LinkToken, LinkTokens
from backend.storage.queries import links as stored_links
from backend.storage.queries import users
from backend.storage.queries.users import User
from backend.storage.work import Work


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
    return links.issue(
        work,
        link_tokens,
        LinkKind.SIGN_UP,
        user_id=owner.id if owner else None,
        email=user.email,
        lifetime=work.settings.verification_link_lifetime,
        data={"password_hash": password_hash, "name": user.name, "image": user.image},
    )


def find_password_hash(work: Work, user_id: UUID) -> str | None:
    """Return the password hash of a pending sign-up for this user's address.

    With STRICT the latest one, otherwise the first, which created the account.
    """
    newest = work.settings.strict
    data = stored_links.find_data(work.db, LinkKind.SIGN_UP, user_id, work.now(), newest=newest)
    return data["password_hash"] if data else None
