"""Signing in with a user name, and whether one is free."""

from backend.features.accounts import pending_sign_ups
from backend.features.accounts.service import (
    Accounts,
    NamedAccount,
    PasswordSignIn,
    sign_in_to,
)
from backend.features.accounts.session_issuer import Challenge, Method
from backend.features.sessions.service import IssuedSession
from backend.kernel.refusals import Refusal
from backend.kernel.username import check_username, normalize_username
from backend.storage.db import Db
from backend.storage.queries import user_names
from backend.storage.work import Work

_REFUSAL = "INVALID_USERNAME_OR_PASSWORD"


def sign_in(
    work: Work, accounts: Accounts, username: str, request: PasswordSignIn
) -> IssuedSession | Challenge:
    """Sign a user in with their user name and password.

    Failures count for the account, as those with its address: two names for it must not allow
    twice as many guesses.
    """
    if not username or not request.password.reveal():
        raise Refusal(_REFUSAL)
    check_username(username, status=422)
    accounts.rules.check_length(request.password)
    name = normalize_username(username)
    credential = user_names.find_with_hash(work.db, name)
    pending = pending_sign_ups.find_by_username(work, name)
    owner = credential or (pending.owner if pending else None)
    key = owner.user.email if owner else f"username/{name}"
    named = NamedAccount(Method.USERNAME, key, credential, pending, _REFUSAL)
    return sign_in_to(work, accounts, named, request)


def is_available(db: Db, username: str) -> bool:
    """Tell whether a user name is free; refuses an invalid one."""
    if not username:
        raise Refusal("INVALID_USERNAME", status=422)
    check_username(username, status=422)
    return not user_names.is_taken(db, normalize_username(username))
