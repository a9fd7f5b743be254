"""Mailed codes of six digits: for one address and one purpose, used once, with three attempts.

Three guesses at a million numbers are few, as long as somebody who asks for code after code gets
few codes: at most ten a day are mailed to a mailbox for one purpose, and beyond that the code
before stays as it is. So a stranger has thirty guesses a day (ASVS 6.6.3).
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from backend.features.links.link_mailer import LinkMailer, may_mail
from backend.features.mail import templates
from backend.features.mail.service import enqueue, enqueue_decoy
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import random_digits
from backend.kernel.refusals import RecordedRefusal, Refusal
from backend.kernel.secrets.code_digests import CodeDigests
from backend.kernel.secrets.signing import Keyring
from backend.kernel.timestamps import add_seconds
from backend.limits.rules import CODES_PER_MAILBOX, MAILS_PER_ADDRESS, SIGN_IN_MAILS
from backend.storage.queries import one_time_codes
from backend.storage.queries.one_time_codes import OneTimeCode
from backend.storage.queries.users import User
from backend.storage.work import Work

LENGTH = 6
"""Digits in a code."""
_MAX_ATTEMPTS = 3


class Purpose(StrEnum):
    """What a code is good for, and for nothing else; named as Better Auth's types are."""

    EMAIL_VERIFICATION = "email-verification"
    SIGN_IN = "sign-in"
    FORGET_PASSWORD = "forget-password"  # noqa: S105  a purpose, not a password
    CHANGE_EMAIL = "change-email"


@dataclass(frozen=True, slots=True)
class EmailOtp:
    """The services that mailed codes need besides `Work`."""

    digests: CodeDigests
    link_mailer: LinkMailer

    @classmethod
    def of(cls, keyring: Keyring, link_mailer: LinkMailer) -> "EmailOtp":
        return cls(CodeDigests(keyring, "email-code"), link_mailer)


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """Somebody asks for a code."""

    purpose: Purpose
    subject: str
    """Whom it is for: the address, or for a change both addresses' account."""
    to: str
    """The mailbox."""
    user: User | None
    """Whose account it is about, if there is one."""
    has_use: bool
    """Whether it opens something; otherwise nothing is mailed, and no code is the right one."""


def send(work: Work, email_otp: EmailOtp, request: CodeRequest) -> bool:
    """Mail a code, or do the same work without one; the code before stops working.

    Returns whether the mailbox could get one more.
    """
    within_limit = _may_mail(email_otp, request)
    code = random_digits(work.randomness, LENGTH)
    if within_limit:
        _store(work, email_otp, request, code)
    app_name, lifetime = work.settings.app_name, work.settings.email_code_lifetime
    template = templates.code_for(request.purpose.value, lifetime)
    message = template.render(app_name, request.to, code=code)
    if within_limit and request.has_use:
        enqueue(work, email_otp.link_mailer.mailer, message)
    else:
        enqueue_decoy(work, email_otp.link_mailer.mailer, message)
    return within_limit


def use(
    work: Work,
    email_otp: EmailOtp,
    purpose: Purpose,
    subject: str,
    code: str,
    user: User | None,
    *,
    keep: bool = False,
) -> None:
    """Use up a code, or with `keep` only check it; refuses as Better Auth does.

    A wrong one is counted before it is compared, and commits its count. Parallel attempts wait for
    each other. Lock the user first, whom any change of theirs locks first too.
    """
    kind, key = purpose.value, _key(subject)
    row = one_time_codes.lock(work.db, kind, key)
    if row is None:
        raise Refusal("INVALID_OTP")
    if row.expires_at <= work.now():
        one_time_codes.delete_one(work.db, kind, key)
        raise RecordedRefusal("OTP_EXPIRED")
    if not one_time_codes.count_attempt(work.db, row, max_attempts=_MAX_ATTEMPTS):
        one_time_codes.delete_one(work.db, kind, key)
        _record_refused(work, purpose, user, "too many attempts")
        raise RecordedRefusal("TOO_MANY_ATTEMPTS")
    if row.digest not in email_otp.digests.list_digests(_bind(purpose, subject), code):
        _record_refused(work, purpose, user, "wrong code")
        raise RecordedRefusal("INVALID_OTP")
    if keep:
        one_time_codes.refund_attempt(work.db, row)
    else:
        one_time_codes.delete_one(work.db, kind, key)


def may_be_used(work: Work, purpose: Purpose, subject: str) -> bool:
    """Tell whether any code can be right, before something costly is done; counts no attempt."""
    row = one_time_codes.find(work.db, purpose.value, _key(subject), work.now())
    return row is not None and row.attempts < _MAX_ATTEMPTS


def _may_mail(email_otp: EmailOtp, request: CodeRequest) -> bool:
    at_once = SIGN_IN_MAILS if request.purpose is Purpose.SIGN_IN else MAILS_PER_ADDRESS
    counted = (email_otp.link_mailer, request.purpose.value, request.to)
    return may_mail(*counted, at_once) and may_mail(*counted, CODES_PER_MAILBOX)


def _store(work: Work, email_otp: EmailOtp, request: CodeRequest, code: str) -> None:
    """Store the digest of a code; of a decoy one that no code has."""
    subject = _bind(request.purpose, request.subject)
    digest = email_otp.digests.digest(subject if request.has_use else f"decoy {subject}", code)
    row = OneTimeCode(
        request.purpose.value,
        _key(request.subject),
        request.user.id if request.user else None,
        digest,
        attempts=0,
        expires_at=add_seconds(work.now(), work.settings.email_code_lifetime),
    )
    one_time_codes.replace(work.db, row)


def _key(subject: str) -> str:
    """Return under what a code is stored: the address may be that of somebody without an account.

    It also fits into an index, however long the address is.
    """
    return sha256(subject.encode()).hexdigest()


def _bind(purpose: Purpose, subject: str) -> str:
    return f"{purpose} {subject}"


def _record_refused(work: Work, purpose: Purpose, user: User | None, reason: str) -> None:
    subject = user.id if user else None
    signs_in = purpose is Purpose.SIGN_IN
    kind = EventKind.SIGN_IN_FAILED if signs_in else EventKind.EMAIL_CODE_REFUSED
    what = ("method", "email-otp") if signs_in else ("purpose", purpose.value)
    work.record(Event(kind, None, subject, dict([what, ("reason", reason)])))
