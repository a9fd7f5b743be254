"""Password attempts, counted before they are checked: parallel guesses gain nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from uuid import UUID

from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal, too_many_requests
from backend.limits.limiter import Limiter
from backend.limits.rules import FAILURES_OF_DEVICES, FAILURES_PER_ACCOUNT, FAILURES_PER_DEVICE
from backend.process.hash_pool import ClientDisconnected
from backend.storage.engine import DatabaseUnavailable
from backend.storage.queries.users import User, UserWithHash
from backend.storage.work import Work

FindDevice = Callable[[UUID, str], str | None]
"""Returns the id of a browser in which this user has signed in with the password of this hash."""


def count_attempt(
    work: Work,
    limiter: Limiter,
    email: str,
    credential: UserWithHash | None,
    find_device: FindDevice,
) -> Callable[[], None]:
    """Count an attempt as a failure before the hash is computed; returns what refunds it.

    A browser in which the user has signed in before has its own limit, so strangers who guess
    cannot lock the owner out. All such browsers share a second limit: each sign-in sets a device
    cookie, and a hundred cookies must not allow a thousand guesses.
    """
    user, device = credential.user if credential else None, None
    if user and credential and credential.password_hash is not None:
        device = find_device(user.id, credential.password_hash)
    rules = [(FAILURES_PER_ACCOUNT, _hash_key(email))]
    if user and device:  # its own first: one browser cannot use up the shared limit
        rules = [
            (FAILURES_PER_DEVICE, _hash_key(device)),
            (FAILURES_OF_DEVICES, _hash_key(str(user.id))),
        ]
    for rule, key in rules:
        exceeded = work.run_outside_transaction(limiter.count, rule, key)  # may ask Redis
        if exceeded is not None:
            if exceeded.first:
                subject = user.id if user else None
                work.keep(Event(EventKind.RATE_LIMITED, None, subject, {"what": "password"}))
            raise too_many_requests(exceeded.retry_after)

    def refund() -> None:
        for rule, key in rules:
            limiter.refund(rule, key)

    return refund


@contextmanager
def refund_if_unchecked(refund: Callable[[], None]) -> Iterator[None]:
    """Refund an attempt whose password was never checked: the queue was full, the database away,
    or the client gone.

    Otherwise an overload could lock users out of their accounts.
    """
    try:
        yield
    except (ClientDisconnected, DatabaseUnavailable):
        refund()
        raise
    except Refusal as refusal:
        if refusal.code == "SERVICE_UNAVAILABLE":
            refund()
        raise


def clear_failures(limiter: Limiter, user: User) -> None:
    """Reset the failure counters of a user whose password was replaced without the old one."""
    limiter.clear(FAILURES_PER_ACCOUNT, _hash_key(user.email))
    limiter.clear(FAILURES_OF_DEVICES, _hash_key(str(user.id)))


def _hash_key(value: str) -> str:
    return sha256(value.encode()).hexdigest()  # the counters may live in a shared Redis
