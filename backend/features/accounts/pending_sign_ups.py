"""What was chosen at sign-up, kept while its address waits to be verified (decision 0021)."""

from uuid import UUID

from backend.features.links import service as links
from backend.features.links.service import LinkKind, Links, LinkToken
from backend.storage.queries import links as stored_links
from backend.storage.queries import users
from backend.storage.queries.users import User
from backend.storage.work import Work


def note(work: Work, with_: Links, user: User, owner: User | None, hashed: str) -> LinkToken:
    """Note what was chosen, as long as a link lives; `owner` has the address, new or not.

    In STRICT an unverified account belongs to nobody yet, whoever came first (USENIX Security 2022,
    pre-hijacking): from the second sign-up on it has no password. A click proves who reads the
    mail, not who chose a password, unless it comes from the browser that did.
    """
    if work.settings.strict:
        users.forget_password_of_unverified(work.db, user.email, but=user.id)
    return links.issue(
        work,
        with_,
        LinkKind.SIGN_UP,
        user_id=owner.id if owner else None,
        email=user.email,
        lifetime=work.settings.verification_link_lifetime,
        data={"password_hash": hashed, "name": user.name, "image": user.image},
    )


def hash_of(work: Work, user_id: UUID) -> str | None:
    """Return the hash of the password with which somebody signed up for this user's address.

    In STRICT that of the latest, else of the first: of a free address it is the account's own.
    """
    newest = work.settings.strict
    data = stored_links.data_of_user(work.db, LinkKind.SIGN_UP, user_id, work.now(), newest=newest)
    return data["password_hash"] if data else None
