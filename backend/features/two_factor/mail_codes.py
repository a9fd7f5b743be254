"""Codes by mail as a second factor: six digits, three minutes, five attempts."""

from datetime import timedelta
from uuid import UUID

from backend.features.mail import templates
from backend.features.mail.service import enqueue
from backend.features.two_factor.codes import new_mail_code
from backend.features.two_factor.service import TwoFactor
from backend.kernel.refusals import RecordedRefusal, Refusal, too_many_requests
from backend.limits.rules import MAILED_CODES
from backend.storage.queries import one_time_codes, users
from backend.storage.queries.one_time_codes import OneTimeCode
from backend.storage.queries.users import User
from backend.storage.work import Work

_KIND = "two-factor"
_LIFETIME = timedelta(minutes=3)
_MAX_ATTEMPTS = 5


def subject_of_challenge(challenge_id: UUID) -> str:
    """Name what a code is for: a sign-in that waits for its second step."""
    return f"challenge:{challenge_id}"


def subject_of_session(session_id: UUID) -> str:
    """Name what a code is for: turning the factor on, in a session."""
    return f"session:{session_id}"


def send(work: Work, two_factor: TwoFactor, user: User, subject: str) -> None:
    """Mail a code for a subject; the one before stops working. Refuses above the limit."""
    exceeded = work.run_outside_transaction(two_factor.limiter.count, MAILED_CODES, str(user.id))
    if exceeded is not None:
        raise too_many_requests(exceeded.retry_after)
    users.lock(work.db, [user.id])  # of codes drawn at the same time, the one mailed last is stored
    code = new_mail_code(work.randomness)
    digest = two_factor.digests.digest(subject, code)
    row = OneTimeCode(_KIND, subject, user.id, digest, 0, work.now() + _LIFETIME)
    one_time_codes.replace(work.db, row)
    message = templates.SECOND_FACTOR.render(work.settings.app_name, user.email, code=code)
    enqueue(work, two_factor.mailer, message)


def begin_attempt(work: Work, subject: str) -> OneTimeCode:
    """Count an attempt before the code is compared; returns what it is compared with."""
    row = one_time_codes.find(work.db, _KIND, subject, work.now())
    if row is None:
        raise Refusal("OTP_HAS_EXPIRED")
    if not one_time_codes.count_attempt(work.db, row, max_attempts=_MAX_ATTEMPTS):
        one_time_codes.delete_one(work.db, _KIND, subject)
        raise RecordedRefusal("TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
    return row


def use(work: Work, two_factor: TwoFactor, row: OneTimeCode, code: str) -> bool:
    """Use up a code if it is the right one."""
    if row.digest not in two_factor.digests.list_digests(row.subject, code):
        return False
    return one_time_codes.delete_one(work.db, _KIND, row.subject)
