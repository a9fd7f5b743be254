"""Wrong codes in a row: ten lock a user's second step for a quarter of an hour, as in Better Auth.

Every code is counted before it is compared, in the transaction that compares it and that a wrong
one commits (`RecordedRefusal`). Concurrent guesses wait for each other, and no more are compared
than allowed.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

from backend.features.mail import templates
from backend.features.two_factor.service import TwoFactor
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import RecordedRefusal, Refusal
from backend.storage.queries import two_factors
from backend.storage.queries.two_factors import Factors
from backend.storage.queries.users import User
from backend.storage.work import Work

MAX_IN_A_ROW = 10
LOCKED_FOR = timedelta(minutes=15)

_NOTICE = (
    "Ten wrong codes were entered for your account. For fifteen minutes nobody can sign in with a "
    "code. If it was not you, somebody knows your password: change it."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A code that was counted and is now compared."""

    user: User
    factors: Factors
    locks: bool
    """Whether the user is locked if it is wrong."""


def refuse_locked(work: Work, factors: Factors | None) -> None:
    """Refuse ACCOUNT_TEMPORARILY_LOCKED while a user is locked."""
    until = factors.locked_until if factors else None
    if until is not None and until > work.now():
        seconds = str(max(1, int((until - work.now()).total_seconds())))
        headers = {"retry-after": seconds, "x-retry-after": seconds}
        raise Refusal("ACCOUNT_TEMPORARILY_LOCKED", headers=headers)


def count(work: Work, user: User, *, even_if_locked: bool = False) -> Attempt:
    """Count a code of a user whose row this transaction has locked.

    Refuses while their second step is locked, or leaves the count alone.
    """
    now = work.now()
    counted = two_factors.count_attempt(
        work.db, user.id, now, max_attempts=MAX_IN_A_ROW, locked_until=now + LOCKED_FOR
    )
    factors = counted or two_factors.find(work.db, user.id)
    if factors is None:
        raise Refusal("TWO_FACTOR_NOT_ENABLED")  # meanwhile
    if counted is None and not even_if_locked:
        refuse_locked(work, factors)
    return Attempt(user, factors, counted is not None and counted.locked_until is not None)


def refuse(work: Work, two_factor: TwoFactor, attempt: Attempt, code: str) -> NoReturn:
    """Refuse a wrong code with the error `code`, and keep its count."""
    if attempt.locks:
        work.record(Event(EventKind.TWO_FACTOR_LOCKED, subject=attempt.user.id))
        templates.enqueue_notice(work, two_factor.mailer, attempt.user.email, _NOTICE)
    raise RecordedRefusal(code)
