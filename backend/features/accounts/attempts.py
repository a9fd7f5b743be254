"""Passwords that are tried: counted before they are checked, so parallel guesses gain nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from uuid import UUID

from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal, too_many_requests
from backend.limits.limiter import Limiter
from backend.limits.rules import FAILURES_OF_DEVICES, FAILURES_PER_ACCOUNT, FAILURES_PER_DEVICE
from backend.process.hash_pool import CallerGone
from backend.storage.engine import DatabaseUnavailable
from backend.storage.queries.users import Credential, User
from backend.storage.work import Work

DeviceOf = Callable[[UUID, str], str | None]
"""Names the browser, if this user has signed in there before with the password of this hash."""


def count_attempt(
    work: Work, limiter: Limiter, email: str, credential: Credential | None, device_of: DeviceOf
) -> Callable[[], None]:
    """Count this attempt as a failure before the hash, so that parallel guesses gain nothing.

    A browser in which the user has signed in before has its own count: strangers who guess cannot
    shut the owner out. Above those of single browsers stands one for all: each sign-in gives such
    a mark, and a hundred of them must not be a hundred times ten guesses. Returns what takes the
    count back when it was no failure.
    """
    user, device = credential.user if credential else None, None
    if user and credential and credential.password_hash is not None:
        device = device_of(user.id, credential.password_hash)
    rules = [(FAILURES_PER_ACCOUNT, _hidden(email))]
    if user and device:  # its own first: one browser alone cannot use up what is for all
        rules = [
            (FAILURES_PER_DEVICE, _hidden(device)),
            (FAILURES_OF_DEVICES, _hidden(str(user.id))),
        ]
    for rule, whose in rules:
        exceeded = work.outside(limiter.count, rule, whose)  # may ask Redis
        if exceeded is not None:
            if exceeded.first:
                subject = user.id if user else None
                work.keep(Event(EventKind.RATE_LIMITED, None, subject, {"what": "password"}))
            raise too_many_requests(exceeded.retry_after)

    def take_back() -> None:
        for rule, whose in rules:
            limiter.refund(rule, whose)

    return take_back


@contextmanager
def unless_unchecked(take_back: Callable[[], None]) -> Iterator[None]:
    """Take an attempt back whose password was never checked: it lost its place, its database, or
    hung up.

    Or a crowd behind one address could lock out whoever tries to sign in meanwhile.
    """
    try:
        yield
    except (CallerGone, DatabaseUnavailable):
        take_back()
        raise
    except Refusal as refusal:
        if refusal.code == "SERVICE_UNAVAILABLE":
            take_back()
        raise


def forget_guesses(limiter: Limiter, user: User) -> None:
    """Let the owner try at once, who got a new password by other means than the old one."""
    limiter.clear(FAILURES_PER_ACCOUNT, _hidden(user.email))
    limiter.clear(FAILURES_OF_DEVICES, _hidden(str(user.id)))


def _hidden(whose: str) -> str:
    return sha256(whose.encode()).hexdigest()  # what counts may be a Redis of others
