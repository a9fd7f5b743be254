"""Creating and deleting users, and setting their passwords, as an admin."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.features.accounts.attempts import clear_failures
from backend.features.accounts.passwords import end_old_access
from backend.features.accounts.removal import remove_user
from backend.features.accounts.service import Accounts
from backend.features.admin.permissions import (
    CREATE_USERS,
    DELETE_USERS,
    SET_EMAIL,
    SET_PASSWORD,
    SET_ROLE,
    Permission,
    authorise,
    authorise_exclusively,
    authorise_for_user,
    check_permissions,
)
from backend.features.admin.user_changes import choose_username, join_roles
from backend.features.sessions.cache import CurrentSession
from backend.kernel.email_address import is_email_address, normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.roles import USER
from backend.kernel.secrets.secret import Password
from backend.storage.queries import sessions, users
from backend.storage.queries.users import User
from backend.storage.work import Work


@dataclass(frozen=True, slots=True)
class NewUser:
    """The fields of a new user. Without a password they sign in by other means."""

    address: str
    name: str
    password: Password | None
    roles: Sequence[str] | None
    image: str | None
    email_verified: bool
    username: str | None = None
    display_username: str | None = None


def create(work: Work, accounts: Accounts, current: CurrentSession, new: NewUser) -> User:
    """Create an account for somebody else, without a session."""
    permissions = _list_permissions(new)
    authorise(work, current, *permissions)
    if not is_email_address(new.address):
        raise Refusal("INVALID_EMAIL")
    username = choose_username(work, new.username)
    role = USER if new.roles is None else join_roles(new.roles)
    email = normalize_email(new.address)
    password_hash = None
    if new.password is not None:
        if work.settings.strict:
            accounts.rules.check_new(new.password, email, new.name)
        else:  # Better Auth leaves the rest to the admin (wire.md 5.1)
            accounts.rules.check_length(new.password)
        if users.email_exists(work.db, email):  # before the hash is computed
            raise _address_taken()
        password_hash = work.run_outside_transaction(
            accounts.hashes.hash, work.client, new.password
        )
        authorise(work, current, *permissions)  # again, after a possibly long wait
    now = work.now()
    user = User(
        work.new_id(),
        email,
        new.name,
        now,
        now,
        new.email_verified,
        image=new.image,
        role=role,
        username=username,
        display_username=new.display_username or new.username,
    )
    if not users.insert(work.db, user, password_hash):
        raise _address_taken()
    detail: dict[str, str | int | bool] = {"role": role, "has_password": password_hash is not None}
    work.record(Event(EventKind.USER_CREATED, current.user.id, user.id, detail))
    return user


def _list_permissions(new: NewUser) -> list[Permission]:
    permissions = [CREATE_USERS]
    permissions += [SET_ROLE] if new.roles is not None else []
    permissions += [SET_EMAIL] if new.email_verified else []
    return permissions


def set_password(
    work: Work, accounts: Accounts, current: CurrentSession, user_id: str, password: Password
) -> None:
    """Set a user's password; with STRICT, revoke what the old one opened (ASVS 7.4.3)."""
    check_permissions(current, SET_PASSWORD)
    accounts.rules.check_new(password)
    user = authorise_for_user(work, current, user_id, SET_PASSWORD)
    accounts.rules.check_new(password, user.email, user.name)
    password_hash = work.run_outside_transaction(accounts.hashes.hash, work.client, password)
    # Again, after a possibly long wait.
    user = authorise_for_user(work, current, user_id, SET_PASSWORD)
    if not users.set_password_hash(work.db, user.id, password_hash):
        raise Refusal("USER_NOT_FOUND", status=404)
    end_old_access(work, user.id, except_id=current.session.id)
    if work.settings.strict:
        sessions.delete_impersonations(work.db, user.id)
    work.record(Event(EventKind.PASSWORD_SET, current.user.id, user.id))
    # A user locked out by wrong guesses can use the new one at once.
    work.after_commit(lambda: clear_failures(accounts.limiter, user))


def remove(work: Work, accounts: Accounts, current: CurrentSession, user_id: str) -> None:
    """Delete a user with all their data."""
    check_permissions(current, DELETE_USERS)
    if user_id == str(current.user.id):
        raise Refusal("YOU_CANNOT_REMOVE_YOURSELF")
    user, _ = authorise_exclusively(work, current, user_id, DELETE_USERS)
    if not remove_user(work, accounts, user, by=current.user.id):
        raise Refusal("USER_NOT_FOUND", status=404)


def _address_taken() -> Refusal:
    return Refusal("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", status=400)
