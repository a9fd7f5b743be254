"""Signing in, verifying an address and choosing a new password with a mailed code."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.features.accounts import mailbox_sign_in
from backend.features.accounts.mailbox_sign_in import ProvenMailbox
from backend.features.accounts.profile import check_not_protected
from backend.features.accounts.service import Accounts
from backend.features.accounts.session_issuer import (
    Challenge,
    Method,
    SessionIssuer,
    SignInAttempt,
)
from backend.features.email_otp import codes
from backend.features.email_otp.codes import CodeRequest, EmailOtp, Purpose
from backend.features.email_verification.service import BrowserIdentity, confirm_address
from backend.features.password_reset.service import set_new_password
from backend.features.sessions.service import IssuedSession
from backend.kernel.email_address import is_email_address, normalize_email
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import RecordedRefusal, Refusal, refusal_without_code
from backend.kernel.secrets.secret import Password, SessionToken
from backend.storage.queries import users
from backend.storage.queries.users import User
from backend.storage.work import Work

_REQUESTED: Mapping[Purpose, EventKind] = {
    Purpose.SIGN_IN: EventKind.SIGN_IN_CODE_REQUESTED,
    Purpose.EMAIL_VERIFICATION: EventKind.VERIFICATION_REQUESTED,
    Purpose.FORGET_PASSWORD: EventKind.PASSWORD_RESET_REQUESTED,
}


def parse_address(address: str) -> str:
    """Return the address in its normal form; refuses INVALID_EMAIL."""
    if not is_email_address(address):
        raise Refusal("INVALID_EMAIL")
    return normalize_email(address)


def request_code(work: Work, email_otp: EmailOtp, address: str, purpose: Purpose) -> None:
    """Mail a code to an address; one that is of no use there is not mailed, without a sign of it.

    To sign in, a code is of use to everybody who may sign up, otherwise to users alone.
    """
    email = parse_address(address)
    if purpose is Purpose.CHANGE_EMAIL:
        raise refusal_without_code("Invalid OTP type")
    user = users.find_by_email(work.db, email)
    signs_up = purpose is Purpose.SIGN_IN and work.settings.sign_up
    request = CodeRequest(purpose, email, email, user, has_use=user is not None or signs_up)
    within_limit = codes.send(work, email_otp, request)
    detail: dict[str, str | bool] = {
        "by": "code",
        "known": user is not None,
        "within_limit": within_limit,
    }
    subject = user.id if user else None
    work.record(Event(_REQUESTED[purpose], subject=subject, detail=detail))


def check_code(work: Work, email_otp: EmailOtp, address: str, purpose: Purpose, code: str) -> None:
    """Check a code without using it up; a wrong one counts."""
    email = parse_address(address)
    user = users.lock_by_email(work.db, email)
    codes.use(work, email_otp, purpose, email, code, user, keep=True)
    if user is None:
        raise Refusal("USER_NOT_FOUND", status=400)


def verify_email(
    work: Work,
    issuer: SessionIssuer,
    email_otp: EmailOtp,
    address: str,
    code: str,
    browser: BrowserIdentity,
    presented_tokens: Sequence[SessionToken],
) -> tuple[User, IssuedSession | Challenge | None]:
    """Mark the address as verified, as a mailed link does; returns the user.

    Besides a session, if SIGN_IN_AFTER_VERIFICATION is on. With STRICT there is none where the
    address was verified already, nor where the password may be somebody else's, who would share the
    account (decision 0023).
    """
    email = parse_address(address)
    user = users.lock_by_email(work.db, email)
    codes.use(work, email_otp, Purpose.EMAIL_VERIFICATION, email, code, user)
    if user is None:
        raise RecordedRefusal("USER_NOT_FOUND", status=400)
    strict, signs_in = work.settings.strict, work.settings.sign_in_after_verification
    if user.email_verified:
        signs_in = signs_in and not strict
    else:
        confirmation = confirm_address(work, email_otp.link_mailer, user, browser)
        if confirmation is None:
            raise Refusal("INVALID_OTP")
        user = confirmation.user
        by_stranger = strict and not work.settings.require_verified_email
        signs_in &= confirmation.keeps_password and (confirmation.known or not by_stranger)
    if not signs_in:
        return user, None
    attempt = SignInAttempt(
        user,
        Method.VERIFICATION,
        presented_tokens=presented_tokens,
        trusted_browser_tokens=browser.trusted_browser_tokens,
    )
    return user, issuer.finish_sign_in(work, attempt)


def sign_in(
    work: Work,
    issuer: SessionIssuer,
    email_otp: EmailOtp,
    mailbox: ProvenMailbox,
    code: str,
    extra: Mapping[str, Any],
) -> IssuedSession | Challenge:
    """Sign in with a code, which proves the mailbox; may sign up, with `extra` fields of the body.

    Protected fields are refused to who signs up, as Better Auth does.
    """
    user = users.lock_by_email(work.db, mailbox.email)
    codes.use(work, email_otp, Purpose.SIGN_IN, mailbox.email, code, user)
    if user is None:
        check_not_protected(extra, new=True)
    signed_in = mailbox_sign_in.sign_in(work, issuer, email_otp.link_mailer.mailer, mailbox)
    if signed_in is None:
        raise RecordedRefusal("INVALID_OTP")
    return signed_in.outcome


def reset_password(
    work: Work,
    accounts: Accounts,
    email_otp: EmailOtp,
    address: str,
    code: str,
    password: Password,
    presented_tokens: Sequence[SessionToken] = (),
) -> User:
    """Set a new password with a code, and verify the address; a refused password burns no code.

    The hash is computed before the code is compared, because afterwards the code is locked. Returns
    the user.
    """
    email = parse_address(address)
    accounts.rules.check_new(password)
    password_hash = None
    if codes.may_be_used(work, Purpose.FORGET_PASSWORD, email):
        password_hash = work.run_outside_transaction(accounts.hashes.hash, work.client, password)
    user = users.lock_by_email(work.db, email)
    codes.use(work, email_otp, Purpose.FORGET_PASSWORD, email, code, user)
    if user is None:
        raise RecordedRefusal("USER_NOT_FOUND", status=400)
    if password_hash is None:  # the code was mailed a moment ago
        raise Refusal("INVALID_OTP")
    accounts.rules.check_new(password, user.email, user.name)
    mailer = email_otp.link_mailer.mailer
    set_new_password(
        work,
        accounts,
        mailer,
        user,
        password_hash,
        verifies=True,
        presented_tokens=presented_tokens,
        how="with a code from a mail",
    )
    return user
