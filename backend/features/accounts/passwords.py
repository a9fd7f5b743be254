"""Re-checking the current password, and what a password change revokes."""

import threading
from uuid import UUID

from backend.features.accounts.attempts import FindDevice, count_attempt, refund_if_unchecked
from backend.features.accounts.service import Accounts
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.hash_costs import cost_pattern
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.storage.engine import Database
from backend.storage.queries import (
    links,
    one_time_codes,
    sessions,
    sign_in_challenges,
    trusted_browsers,
    users,
)
from backend.storage.queries.users import UserWithHash
from backend.storage.work import Work, run_query

_BATCH = 20_000  # users


def check_current(
    work: Work,
    accounts: Accounts,
    password: Password,
    find_device: FindDevice,
    *,
    if_none: str = "CREDENTIAL_ACCOUNT_NOT_FOUND",
) -> str:
    """Check the password of the signed-in user; returns the hash it matched.

    A wrong one counts as a failure of the account, as at sign-in: a stolen session must not be a
    place to guess (ASVS 6.3.1). A user without a password is refused with `if_none`.
    """
    accounts.rules.check_length(password)
    user = work.actor
    stored_hash = users.find_password_hash(work.db, user.id)
    if stored_hash is None:
        raise Refusal(if_none)
    credential = UserWithHash(user, stored_hash)
    refund = count_attempt(work, accounts.limiter, user.email, credential, find_device)
    with refund_if_unchecked(refund):
        verdict = work.run_outside_transaction(
            accounts.hashes.verify, work.client, password, stored_hash
        )
    if not verdict.matches:
        work.keep(Event(EventKind.PASSWORD_CHECK_FAILED, user.id, user.id))
        raise Refusal("INVALID_PASSWORD")
    refund()
    return stored_hash


class HashCostScan:
    """Tells the hasher the costliest kinds of hash in the database.

    A refusal then takes the same time for every user, whatever kind of hash they have. Runs before
    the first password check rather than at startup, since it takes time proportional to the number
    of users. Kinds imported later are learned when they are first checked.
    """

    def __init__(self, database: Database, hasher: PasswordHasher) -> None:
        self._database, self._hasher = database, hasher
        self._lock = threading.Lock()
        self._patterns: set[str] = set()
        self._after: UUID | None = UUID(int=0)

    def run(self) -> None:
        """Scan all users once; concurrent callers wait for it. Raises DatabaseUnavailable."""
        with self._lock:
            while self._after is not None:
                self._after = self._scan_batch(self._after)

    def _scan_batch(self, after: UUID) -> UUID | None:
        hashes, last = run_query(
            self._database, lambda db: users.sample_hashes_unlike(db, self._patterns, after, _BATCH)
        )
        self._hasher.add_known_hashes(hashes)
        self._patterns.update(filter(None, map(cost_pattern, hashes)))
        return last


def end_old_access(work: Work, user_id: UUID, *, except_id: UUID | None = None) -> None:
    """Revoke what the old password gave access to, with STRICT (ASVS 7.4.3).

    Every session except the one with id `except_id`, and every mailed link and code: somebody who
    knew the password may have requested one. No browser skips the second factor any more, and no
    sign-in that began with the old password can be completed.
    """
    if not work.settings.strict:
        return
    trusted_browsers.delete_for_user(work.db, user_id)
    sign_in_challenges.delete_for_user(work.db, user_id)
    sessions.delete_all(work.db, user_id, except_id=except_id)
    links.delete_for_user(work.db, user_id)
    one_time_codes.delete_for_user(work.db, user_id)
