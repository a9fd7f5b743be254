"""What second factors need besides `Work`, and what all of their operations share."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from backend.features.mail import templates
from backend.features.mail.service import Mailer
from backend.features.sessions.service import TRUST_LIFETIME
from backend.features.two_factor import resealing, totp
from backend.features.two_factor.codes import build_digests, new_backup_codes
from backend.features.two_factor.totp import TotpSecret
from backend.kernel.log_limit import LogLimit
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.secrets.code_digests import CodeDigests
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.secret import BrowserToken
from backend.kernel.secrets.signing import Keyring
from backend.kernel.secrets.tokens import digest
from backend.kernel.settings import Settings
from backend.limits.limiter import Limiter
from backend.storage.queries import trusted_browsers, two_factors
from backend.storage.queries.trusted_browsers import TrustedBrowser
from backend.storage.queries.two_factors import Factors
from backend.storage.queries.users import User
from backend.storage.work import Work

_STEPS_KEPT = timedelta(days=1)  # not 90 seconds: the clock may be set back
TOKEN_LENGTH = 32  # 190 bits; ASVS 7.2.3 asks for 128

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TwoFactor:
    """The services that second factors need besides `Work`."""

    sealer: Sealer
    """Encrypts the secrets of authenticator apps; rotated keys still open them."""
    digests: CodeDigests
    mailer: Mailer
    limiter: Limiter
    unreadable: LogLimit = field(default_factory=LogLimit)
    """Of lines about secrets that no key opens: whoever has a password can cause them."""

    @classmethod
    def of(cls, keyring: Keyring, mailer: Mailer, limiter: Limiter) -> "TwoFactor":
        return cls(build_sealer(keyring), build_digests(keyring), mailer, limiter)

    def can_mail_codes(self, settings: Settings) -> bool:
        """Tell whether a code can reach a mailbox."""
        return self.mailer.can_be_read(settings)


def build_sealer(keyring: Keyring) -> Sealer:
    """Build what encrypts the secrets of authenticator apps."""
    return Sealer(keyring, "totp-secret")


def open_secret(work: Work, two_factor: TwoFactor, factors: Factors) -> TotpSecret | None:
    """Decrypt the secret of a user's authenticator app; None if no key of this server opens it."""
    if factors.totp_secret is None:
        return None
    text = two_factor.sealer.open(factors.totp_secret)
    if text is not None:
        return TotpSecret(text)
    user = str(factors.user_id)
    if two_factor.unreadable.allows(user, work.clock.monotonic()):
        fix = "Add the SECRET_KEY under which it was stored to SECRET_KEYS_OLD."
        log.error("totp_secret_unreadable", user=user, fix=fix)
    return None


def use_totp(work: Work, two_factor: TwoFactor, factors: Factors, code: str) -> bool:
    """Tell whether this is the code of an authenticator app; with STRICT it is used up.

    Each time step is accepted once (RFC 6238, section 5.2): a code that somebody has looked at over
    a shoulder is worth nothing.
    """
    secret = open_secret(work, two_factor, factors)
    step = totp.find_step(secret, code, work.now()) if secret else None
    if secret is None or step is None:
        return False
    if factors.totp_secret is not None:
        resealing.reseal(work, two_factor.sealer, factors.user_id, factors.totp_secret)
    if not work.settings.strict:
        return True
    oldest = totp.step_at(work.now() - _STEPS_KEPT)
    two_factors.delete_totp_steps(work.db, factors.user_id, before=oldest)
    return two_factors.use_totp_step(work.db, factors.user_id, step)


def use_backup_code(work: Work, two_factor: TwoFactor, user: User, code: str) -> bool:
    """Use up a backup code if it is one of the user's, and mail them a notice."""
    digests = two_factor.digests.list_digests(user.id, code)
    if not two_factors.use_backup_code(work.db, user.id, digests):
        return False
    left = two_factors.count_backup_codes(work.db, user.id)
    notice = f"One of your backup codes was used. You have {left or 'none'} left."
    templates.enqueue_notice(work, two_factor.mailer, user.email, notice)
    return True


def store_backup_codes(work: Work, two_factor: TwoFactor, user_id: UUID) -> list[str]:
    """Draw and store ten backup codes in place of the old ones; returns them, to be shown once."""
    codes = new_backup_codes(work.randomness)
    digests = [two_factor.digests.digest(user_id, code) for code in codes]
    two_factors.replace_backup_codes(work.db, user_id, digests)
    return codes


def trust_browser(work: Work, user_id: UUID) -> BrowserToken:
    """Trust the browser of this request for 30 days: its next sign-in needs no second factor."""
    token = BrowserToken(random_alphanumeric(work.randomness, TOKEN_LENGTH))
    browser = TrustedBrowser(
        id=work.new_id(),
        user_id=user_id,
        ip_address=work.client.address,
        user_agent=work.client.user_agent,
        expires_at=work.now() + TRUST_LIFETIME,
        created_at=work.now(),
    )
    trusted_browsers.insert(work.db, browser, digest(token))
    return token
