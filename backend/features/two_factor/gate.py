"""The gate that asks for a second factor, and which ways to sign in it stands before."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    SignInAttempt,
    SignInCheck,
)
from backend.features.sessions.service import TRUST_LIFETIME
from backend.features.two_factor.service import TOKEN_LENGTH, TwoFactor
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.secrets.secret import BrowserToken, ChallengeToken
from backend.kernel.secrets.tokens import digest
from backend.storage.queries import sign_in_challenges, trusted_browsers, two_factors
from backend.storage.queries.sign_in_challenges import SignInChallenge
from backend.storage.work import Work

CHALLENGE_LIFETIME = timedelta(minutes=10)

_AS_BETTER_AUTH = frozenset({Method.PASSWORD, Method.USERNAME})
_BY_MAILBOX = frozenset({Method.VERIFICATION, Method.MAGIC_LINK, Method.EMAIL_OTP})
"""These prove no more than access to the mailbox, which a mailed code would prove again."""
_WITH_STRICT = _AS_BETTER_AUTH | _BY_MAILBOX | {Method.PASSKEY, Method.PROVIDER}


def challenged_methods(*, strict: bool) -> Collection[Method]:
    """Return the ways to sign in that need a second factor, if the user has one (decision 0030).

    Not signing up, when there is none yet, nor impersonation, for which the admin gave theirs.
    """
    return _WITH_STRICT if strict else _AS_BETTER_AUTH


def ask_second_factor(two_factor: TwoFactor) -> SignInCheck:
    """Build the gate; it lets a browser pass in which the user has given a factor before."""

    def gate(work: Work, attempt: SignInAttempt) -> Challenge | None:
        if not attempt.user.two_factor_enabled or attempt.second_factor is not None:
            return None
        if _is_trusted(work, attempt):
            return None
        return _challenge(work, two_factor, attempt)

    return gate


def _is_trusted(work: Work, attempt: SignInAttempt) -> bool:
    """Tell whether the browser is trusted, and give it another token for the next time."""
    shown = [digest(token) for token in attempt.trusted_browser_tokens]
    if not shown:
        return False
    token = BrowserToken(random_alphanumeric(work.randomness, TOKEN_LENGTH))
    now = work.now()
    renewed = trusted_browsers.rotate(
        work.db,
        attempt.user.id,
        shown,
        digest(token),
        now=now,
        expires_at=now + TRUST_LIFETIME,
    )
    if renewed:
        attempt.renewed_browser_token = token
    return renewed


def _challenge(work: Work, two_factor: TwoFactor, attempt: SignInAttempt) -> Challenge:
    methods = _list_methods(work, two_factor, attempt)
    token = ChallengeToken(random_alphanumeric(work.randomness, TOKEN_LENGTH))
    now, user_id = work.now(), attempt.user.id
    challenge = SignInChallenge(
        id=work.new_id(),
        user_id=user_id,
        method=attempt.method.value,
        remembered=attempt.remember,
        mail_codes="otp" in methods,
        attempts=0,
        expires_at=now + CHALLENGE_LIFETIME,
        created_at=now,
        anonymous_user_id=attempt.anonymous_user_id,
        provider_id=attempt.provider_id,
    )
    sign_in_challenges.insert(work.db, challenge, digest(token))
    detail = {"method": attempt.method.value}
    if attempt.provider_id:
        detail["provider"] = attempt.provider_id
    work.record(Event(EventKind.TWO_FACTOR_CHALLENGED, user_id, user_id, detail))
    return Challenge(
        "twoFactorRedirect",
        {"twoFactorMethods": list(methods)},
        token,
        lifetime=int(CHALLENGE_LIFETIME.total_seconds()),
        remember=attempt.remember,
    )


def _list_methods(work: Work, two_factor: TwoFactor, attempt: SignInAttempt) -> Sequence[str]:
    """Return what may answer besides a backup code.

    A mailed code is offered to users who chose it: Better Auth offers it to all, so that whoever
    reads the mailbox needs no authenticator app. With STRICT it is not offered either where the
    first step proved the mailbox: the same proof twice is not a second factor (ASVS 6.4.3).
    """
    factors = two_factors.find(work.db, attempt.user.id)
    if factors is None:
        return []
    by_mail = attempt.method in _BY_MAILBOX or factors.password_by_mail
    offers_mail = factors.mail_codes and two_factor.can_mail_codes(work.settings)
    return [
        *(["totp"] if factors.has_totp else []),
        *(["otp"] if offers_mail and not (by_mail and work.settings.strict) else []),
    ]
