"""The second step of a sign-in: answering a challenge with a code.

Five codes may be tried for one sign-in, and ten in a row for one user (`attempts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    SessionIssuer,
    SignInAttempt,
)
from backend.features.sessions.service import IssuedSession
from backend.features.two_factor import attempts, mail_codes, service
from backend.features.two_factor.attempts import Attempt
from backend.features.two_factor.service import TwoFactor
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import RecordedRefusal, Refusal
from backend.kernel.secrets.secret import ChallengeToken, SessionToken
from backend.kernel.secrets.tokens import digest
from backend.storage.queries import sign_in_challenges, two_factors, users
from backend.storage.queries.sign_in_challenges import SignInChallenge
from backend.storage.queries.two_factors import Factors
from backend.storage.queries.users import User
from backend.storage.work import Work

_MAX_PER_CHALLENGE = 5


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in whose first step succeeded."""

    challenge: SignInChallenge
    user: User
    factors: Factors | None


@dataclass(frozen=True, slots=True)
class Completion:
    """Whose factor was given, which one, and how the browser goes on."""

    user: User
    """As locked when the code was compared."""
    factor: str
    presented_tokens: Sequence[SessionToken]
    trust_browser: bool


def find_pending(work: Work, tokens: Sequence[ChallengeToken]) -> PendingSignIn:
    """Find the sign-in that this browser has begun; refuses INVALID_TWO_FACTOR_COOKIE."""
    for token in tokens:
        challenge = sign_in_challenges.find(work.db, digest(token), work.now())
        user = users.find(work.db, challenge.user_id) if challenge else None
        if challenge is not None and user is not None:
            return PendingSignIn(challenge, user, two_factors.find(work.db, user.id))
    raise Refusal("INVALID_TWO_FACTOR_COOKIE")


def send_mail_code(work: Work, two_factor: TwoFactor, pending: PendingSignIn) -> None:
    """Mail a code that answers this challenge, to users who chose this factor."""
    if not pending.challenge.mail_codes:
        raise Refusal("OTP_NOT_ENABLED")
    subject = mail_codes.subject_of_challenge(pending.challenge.id)
    mail_codes.send(work, two_factor, pending.user, subject)


def use_totp(work: Work, two_factor: TwoFactor, pending: PendingSignIn, code: str) -> User:
    """Use up the code of an authenticator app for a challenge, or refuse it; returns the user."""
    if pending.factors is None or not pending.factors.has_totp:
        raise Refusal("TOTP_NOT_ENABLED")
    attempt = _begin_attempt(work, pending)
    if not service.use_totp(work, two_factor, attempt.factors, code):
        _refuse(work, two_factor, attempt, "INVALID_CODE")
    return attempt.user


def use_mail_code(work: Work, two_factor: TwoFactor, pending: PendingSignIn, code: str) -> User:
    """Use up a code that was mailed for a challenge, or refuse it; returns the user."""
    attempts.refuse_locked(work, pending.factors)
    user = _lock_user(work, pending)
    row = mail_codes.begin_attempt(work, mail_codes.subject_of_challenge(pending.challenge.id))
    attempt = attempts.count(work, user)
    if not mail_codes.use(work, two_factor, row, code):
        _refuse(work, two_factor, attempt, "INVALID_CODE")
    return attempt.user


def use_backup_code(work: Work, two_factor: TwoFactor, pending: PendingSignIn, code: str) -> User:
    """Use up a backup code for a challenge, or refuse it; returns the user.

    With STRICT it works while the user is locked too: whoever guesses has the password, but must
    not be able to keep the owner out (ASVS 6.3.1).
    """
    if pending.factors is None:
        raise Refusal("BACKUP_CODES_NOT_ENABLED")
    attempt = _begin_attempt(work, pending, even_if_locked=work.settings.strict)
    if not service.use_backup_code(work, two_factor, attempt.user, code):
        _refuse(work, two_factor, attempt, "INVALID_BACKUP_CODE")
    return attempt.user


def complete(
    work: Work, issuer: SessionIssuer, pending: PendingSignIn, completion: Completion
) -> IssuedSession | Challenge:
    """Sign in; of concurrent answers to one challenge one wins. The gates are passed again."""
    user = completion.user
    if not sign_in_challenges.delete_one(work.db, pending.challenge.id):
        raise Refusal("INVALID_TWO_FACTOR_COOKIE")
    two_factors.clear_attempts(work.db, user.id)
    if completion.factor != "otp":
        two_factors.set_password_by_mail(work.db, user.id, False)
    attempt = SignInAttempt(
        user,
        Method(pending.challenge.method),
        remember=pending.challenge.remembered,
        presented_tokens=completion.presented_tokens,
        second_factor=completion.factor,
        provider_id=pending.challenge.provider_id,
        anonymous_user_id=pending.challenge.anonymous_user_id,
        is_second_step=True,
    )
    if completion.trust_browser:
        attempt.renewed_browser_token = service.trust_browser(work, user.id)
    return issuer.finish_sign_in(work, attempt)


def _begin_attempt(work: Work, pending: PendingSignIn, *, even_if_locked: bool = False) -> Attempt:
    """Count a code for the challenge and for the user."""
    if not even_if_locked:
        attempts.refuse_locked(work, pending.factors)  # without waiting for concurrent guesses
    user = _lock_user(work, pending)
    challenge_id = pending.challenge.id
    if not sign_in_challenges.count_attempt(work.db, challenge_id, max_attempts=_MAX_PER_CHALLENGE):
        if not sign_in_challenges.delete_one(work.db, challenge_id):
            raise Refusal("INVALID_TWO_FACTOR_COOKIE")  # ended by a concurrent request
        raise RecordedRefusal("TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
    return attempts.count(work, user, even_if_locked=even_if_locked)


def _lock_user(work: Work, pending: PendingSignIn) -> User:
    """Lock the user's row first, as every change of a user does; a ban waits for us, or we for it.

    With another row locked first, a guess and a new password would wait for each other.
    """
    for user in users.lock(work.db, [pending.user.id]):
        return user
    raise Refusal("INVALID_TWO_FACTOR_COOKIE")


def _refuse(work: Work, two_factor: TwoFactor, attempt: Attempt, code: str) -> NoReturn:
    detail = {"reason": "second_factor"}
    work.record(Event(EventKind.SIGN_IN_FAILED, subject=attempt.user.id, detail=detail))
    attempts.refuse(work, two_factor, attempt, code)
