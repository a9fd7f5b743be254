"""Setting up and removing one's own second factors, while signed in."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from backend.features.accounts.attempts import FindDevice
from backend.features.accounts.passwords import check_current
from backend.features.accounts.second_factors import remove_second_factors
from backend.features.accounts.service import Accounts
from backend.features.accounts.session_issuer import SessionIssuer
from backend.features.mail import templates
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.service import IssuedSession, refuse_impersonator
from backend.features.two_factor import attempts, mail_codes, service, totp
from backend.features.two_factor.service import TwoFactor
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import RecordedRefusal, Refusal
from backend.kernel.secrets.secret import Password
from backend.storage.queries import two_factors, users
from backend.storage.queries.users import User
from backend.storage.work import Work

_FRESH_WITHOUT_PASSWORD = timedelta(minutes=5)
_NO_PASSWORD = "[body.password] Invalid input: expected string, received undefined"  # noqa: S105
_NOTICES = {
    "totp": "An authenticator app was added to your account.",
    "otp": "From now on, signing in to your account needs a code that is mailed to this address.",
}


def confirm_identity(
    work: Work,
    accounts: Accounts,
    current: CurrentSession,
    password: Password | None,
    find_device: FindDevice,
) -> None:
    """Check that it is the owner: a stolen session must not change the factors (ASVS 7.5.1).

    By the password, or for users without one by a sign-in less than five minutes old.
    """
    refuse_impersonator(current.session)
    user_id = current.user.id
    if users.find_password_hash(work.db, user_id) is None:
        if work.now() - current.session.created_at >= _FRESH_WITHOUT_PASSWORD:
            raise Refusal("SESSION_NOT_FRESH")
        return
    if password is None:
        raise Refusal("VALIDATION_ERROR", _NO_PASSWORD)
    stored_hash = check_current(work, accounts, password, find_device)
    if users.lock_if_password_unchanged(work.db, user_id, stored_hash) is None:
        raise Refusal("INVALID_PASSWORD")  # it was changed during the hash


def begin_totp(
    work: Work, two_factor: TwoFactor, user: User, issuer: str | None
) -> tuple[str, list[str]]:
    """Begin the enrolment of an authenticator app; returns its URI and new backup codes.

    The app counts from its first code on. Until then this can be repeated, with another secret.
    """
    factors = two_factors.find(work.db, user.id)
    if factors is not None and factors.has_totp:
        raise Refusal("TOTP_ALREADY_ENABLED")
    secret = totp.new_secret(work.randomness)
    sealed = two_factor.sealer.seal(secret.reveal(), work.randomness)
    two_factors.ensure(work.db, work.actor, work.now())
    two_factors.begin_totp(work.db, user.id, sealed)
    codes = service.store_backup_codes(work, two_factor, user.id)
    return totp.build_uri(secret, issuer or work.settings.app_name, user.email), codes


def verify_totp(
    work: Work, two_factor: TwoFactor, issuer: SessionIssuer, current: CurrentSession, code: str
) -> IssuedSession | None:
    """Activate the caller's app with its first code; of an active one a code is used up.

    The first code is not used up: it may sign in at once. Of two devices that enrol at the same
    time, the one whose secret is stored wins.
    """
    refuse_impersonator(current.session)
    factors = two_factors.find(work.db, current.user.id)
    if factors is None or factors.totp_secret is None:
        raise Refusal("TOTP_NOT_ENABLED")
    if factors.totp_confirmed:
        use = partial(service.use_totp, work, two_factor, factors, code)
        _use_code(work, two_factor, use, "INVALID_CODE")
        return None
    secret = service.open_secret(work, two_factor, factors)
    if secret is None or totp.find_step(secret, code, work.now()) is None:
        raise Refusal("INVALID_CODE")
    if not two_factors.confirm_totp(work.db, current.user.id, factors.totp_secret):
        raise Refusal("INVALID_CODE")  # another device has begun anew
    return _activate(work, two_factor, issuer, current, "totp")


def send_mail_code(work: Work, two_factor: TwoFactor, current: CurrentSession) -> None:
    """Mail the caller a first code, which turns codes by mail on."""
    refuse_impersonator(current.session)
    subject = mail_codes.subject_of_session(current.session.id)
    mail_codes.send(work, two_factor, current.user, subject)


def verify_mail_code(
    work: Work, two_factor: TwoFactor, issuer: SessionIssuer, current: CurrentSession, code: str
) -> IssuedSession | None:
    """Turn codes by mail on with a first code; if a factor is on, it is only checked."""
    refuse_impersonator(current.session)
    row = mail_codes.begin_attempt(work, mail_codes.subject_of_session(current.session.id))
    if not mail_codes.use(work, two_factor, row, code):
        raise RecordedRefusal("INVALID_CODE")
    if work.actor.two_factor_enabled:
        return None
    return enable_mail_codes(work, two_factor, issuer, current)


def verify_backup_code(
    work: Work, two_factor: TwoFactor, current: CurrentSession, code: str
) -> None:
    """Use up one of the caller's backup codes."""
    refuse_impersonator(current.session)
    if two_factors.find(work.db, current.user.id) is None:
        raise Refusal("BACKUP_CODES_NOT_ENABLED")
    use = partial(service.use_backup_code, work, two_factor, current.user, code)
    _use_code(work, two_factor, use, "INVALID_BACKUP_CODE", even_if_locked=True)


def _use_code(
    work: Work,
    two_factor: TwoFactor,
    use: Callable[[], bool],
    error: str,
    *,
    even_if_locked: bool = False,
) -> None:
    """Use up a code of a signed-in caller; with STRICT it counts, as those at a sign-in do.

    Otherwise whoever has a session, but not the app, could try codes until one is right.
    """
    if not work.settings.strict:
        if not use():
            raise Refusal(error)
        return
    attempt = attempts.count(work, work.actor, even_if_locked=even_if_locked)
    if not use():
        attempts.refuse(work, two_factor, attempt, error)
    two_factors.clear_attempts(work.db, attempt.user.id)


def enable_mail_codes(
    work: Work, two_factor: TwoFactor, issuer: SessionIssuer, current: CurrentSession
) -> IssuedSession:
    """Ask for a mailed code at the next sign-in."""
    if not two_factor.can_mail_codes(work.settings):
        raise Refusal("OTP_NOT_CONFIGURED")
    two_factors.ensure(work.db, work.actor, work.now())
    two_factors.enable_mail_codes(work.db, current.user.id)
    return _activate(work, two_factor, issuer, current, "otp")


def disable(
    work: Work, two_factor: TwoFactor, issuer: SessionIssuer, current: CurrentSession
) -> IssuedSession:
    """Remove all of the caller's second factors, and what was trusted because of them."""
    was_enabled = work.actor.two_factor_enabled
    user = remove_second_factors(work, work.actor)
    if was_enabled:
        work.record(Event(EventKind.TWO_FACTOR_DISABLED, user.id, user.id))
        notice = "Two-factor authentication was turned off for your account."
        templates.enqueue_notice(work, two_factor.mailer, user.email, notice)
    return issuer.replace(work, current.session, user)


def read_totp_uri(work: Work, two_factor: TwoFactor, user: User) -> str:
    """Return the URI of the caller's authenticator app once more, for another device."""
    factors = two_factors.find(work.db, user.id)
    secret = service.open_secret(work, two_factor, factors) if factors else None
    if secret is None:
        raise Refusal("TOTP_NOT_ENABLED")
    return totp.build_uri(secret, work.settings.app_name, user.email)


def renew_backup_codes(work: Work, two_factor: TwoFactor, user: User) -> list[str]:
    """Replace the caller's backup codes; returns them, to be shown once."""
    if not user.two_factor_enabled or two_factors.find(work.db, user.id) is None:
        raise Refusal("TWO_FACTOR_NOT_ENABLED")
    codes = service.store_backup_codes(work, two_factor, user.id)
    work.record(Event(EventKind.BACKUP_CODES_GENERATED, user.id, user.id))
    notice = "New backup codes were made for your account. The old ones no longer work."
    templates.enqueue_notice(work, two_factor.mailer, user.email, notice)
    return codes


def _activate(
    work: Work,
    two_factor: TwoFactor,
    issuer: SessionIssuer,
    current: CurrentSession,
    method: str,
) -> IssuedSession:
    changes = {"two_factor_enabled": True}
    user = users.update_profile(work.db, current.user.id, changes, work.now()) or work.actor
    work.record(Event(EventKind.TWO_FACTOR_ENABLED, user.id, user.id, {"method": method}))
    templates.enqueue_notice(work, two_factor.mailer, user.email, _NOTICES[method])
    return issuer.replace(work, current.session, user)
