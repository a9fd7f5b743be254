"""The password somebody has: checked again before it opens more, and what ends when it changes."""

import threading
from uuid import UUID

from backend.features.accounts.attempts import DeviceOf, count_attempt, unless_unchecked
from backend.features.accounts.service import Accounts
from backend.kernel.events import Event, EventKind
from backend.kernel.passwords.hash_costs import alike
from backend.kernel.passwords.hasher import PasswordHasher
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Password
from backend.storage.engine import Database
from backend.storage.queries import links, sessions, users
from backend.storage.queries.users import Credential
from backend.storage.work import Work, ask

_LOOKED_AT_ONCE = 20_000  # users


def check_current(
    work: Work,
    accounts: Accounts,
    password: Password,
    device_of: DeviceOf,
    *,
    if_none: str = "CREDENTIAL_ACCOUNT_NOT_FOUND",
) -> str:
    """Check the password of who is signed in; returns the hash it was checked against.

    A wrong one counts as a failure of the account, as at sign-in: a stolen session must not be a
    place to guess (ASVS 6.3.1). Whoever has no password is refused with `if_none`.
    """
    accounts.rules.check_length(password)
    user = work.actor
    seen = users.find_password_hash(work.db, user.id)
    if seen is None:
        raise Refusal(if_none)
    credential = Credential(user, seen)
    take_back = count_attempt(work, accounts.limiter, user.email, credential, device_of)
    with unless_unchecked(take_back):
        verdict = work.outside(accounts.hashes.verify, work.client, password, seen)
    if not verdict.matches:
        work.keep(Event(EventKind.PASSWORD_CHECK_FAILED, user.id, user.id))
        raise Refusal("INVALID_PASSWORD")
    take_back()
    return seen


class StoredHashes:
    """Lets the hasher know what the dearest hashes cost, so that a refusal tells nobody's kind.

    They are looked for before the first password is checked, not at the start: it takes as long as
    there are users. What moves in later is met when it is first checked.
    """

    def __init__(self, database: Database, hasher: PasswordHasher) -> None:
        self._database, self._hasher = database, hasher
        self._lock = threading.Lock()
        self._patterns: set[str] = set()
        self._after: UUID | None = UUID(int=0)

    def meet(self) -> None:
        """Return when all have been met, by whoever came first; raises DatabaseUnavailable."""
        with self._lock:
            while self._after is not None:
                self._after = self._meet_some(self._after)

    def _meet_some(self, after: UUID) -> UUID | None:
        found, end = ask(
            self._database,
            lambda db: users.find_hashes_unlike(db, self._patterns, after, _LOOKED_AT_ONCE),
        )
        self._hasher.expect(found)
        self._patterns.update(filter(None, map(alike, found)))
        return end


def end_old_access(work: Work, user_id: UUID, *, but: UUID | None = None) -> None:
    """End what the old password opened, where STRICT asks for it (ASVS 7.4.3).

    Every session except the one with id `but`, and every mailed link: whoever knew the password
    may have asked for one.
    """
    if not work.settings.strict:
        return
    sessions.delete_all(work.db, user_id, but=but)
    links.delete_of_user(work.db, user_id)
