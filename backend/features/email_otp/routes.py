"""HTTP endpoints of mailed codes (wire.md 5.6)."""

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.mailbox_sign_in import ProvenMailbox
from backend.features.accounts.service import Accounts
from backend.features.accounts.session_issuer import Challenge, Method, SessionIssuer
from backend.features.accounts.wire import ChallengeOut
from backend.features.email_otp import change, service
from backend.features.email_otp.codes import EmailOtp, Purpose
from backend.features.email_otp.wire import (
    ChangeEmailByCode,
    CheckCode,
    RequestEmailChange,
    RequestResetCode,
    ResetByCode,
    SendCode,
    SignedInByCode,
    SignInByCode,
    VerifiedByCode,
    VerifyByCode,
)
from backend.features.email_verification.routes import identify_browser
from backend.features.sessions.dependencies import MaybeSignedIn, SignedIn
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.service import WHILE_IMPERSONATING
from backend.features.sessions.session_cookies import (
    SESSION_HEADERS,
    renew_device_cookie,
    set_account_cookies,
    set_sign_in_cookies,
)
from backend.features.sessions.wire import UserOut
from backend.kernel.email_address import normalize_email
from backend.kernel.passwords.rules import NEW_PASSWORD_REFUSALS
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Success

routes = Routes(
    "mailed codes",
    prefix=AUTH,
    about="Six digits by mail: to sign in, verify an address, choose a new password, or change the "
    "address.",
    enabled=lambda settings: settings.email_code,
)

_CODE = ("INVALID_OTP", "OTP_EXPIRED", "TOO_MANY_ATTEMPTS")
_CHANGE = (
    "Change email with OTP is disabled",
    f"403 {WHILE_IMPERSONATING}",
    "INVALID_EMAIL",
    "Email is the same",
)


@routes.post(
    "/email-otp/send-verification-otp",
    response_model=Success,
    refusals=("INVALID_EMAIL", "Invalid OTP type"),
)
def send_verification_otp(work: Work, email_otp: EmailOtp, body: SendCode) -> Success:
    """Mail a code. Does not reveal whether an account exists."""
    service.request_code(work, email_otp, body.email, body.type)
    return Success()


@routes.post(
    "/email-otp/check-verification-otp",
    response_model=Success,
    refusals=("INVALID_EMAIL", *_CODE, "400 USER_NOT_FOUND"),
)
def check_verification_otp(work: Work, email_otp: EmailOtp, body: CheckCode) -> Success:
    """Check a code without using it up; a wrong one counts as an attempt."""
    service.check_code(work, email_otp, body.email, body.type, body.otp)
    return Success()


@routes.post(
    "/email-otp/verify-email",
    response_model=VerifiedByCode | ChallengeOut,
    headers={
        name: f"{text} Only with SIGN_IN_AFTER_VERIFICATION."
        for name, text in SESSION_HEADERS.items()
    },
    session_optional=True,
    refusals=("INVALID_EMAIL", *_CODE, "400 USER_NOT_FOUND", "BANNED_USER"),
)
def verify_email_email_otp(
    work: Work,
    request: RequestContext,
    issuer: SessionIssuer,
    reader: SessionReader,
    email_otp: EmailOtp,
    cookies: Cookies,
    current: MaybeSignedIn,
    body: VerifyByCode,
) -> Response:
    """Verify an address with a code. Signs in if SIGN_IN_AFTER_VERIFICATION is on."""
    browser = identify_browser(cookies, request.cookie_header, current.user if current else None)
    user, outcome = service.verify_email(
        work, issuer, email_otp, body.email, body.otp, browser, reader.list_tokens(request)
    )
    if outcome is None:
        return Response(VerifiedByCode(token=None, user=UserOut.of(user)))
    if isinstance(outcome, Challenge):
        return render_challenge(outcome, cookies, request.cookie_header)
    response = Response(VerifiedByCode(token=outcome.token.reveal(), user=UserOut.of(outcome.user)))
    return set_sign_in_cookies(work, response, cookies, outcome, request.cookie_header)


@routes.post(
    "/sign-in/email-otp",
    response_model=SignedInByCode | ChallengeOut,
    headers=SESSION_HEADERS,
    refusals=(*_CODE, "FIELD_NOT_ALLOWED", "BANNED_USER"),
)
def sign_in_email_otp(
    work: Work,
    request: RequestContext,
    issuer: SessionIssuer,
    reader: SessionReader,
    email_otp: EmailOtp,
    cookies: Cookies,
    body: SignInByCode,
) -> Response:
    """Sign in with a code. Who has no account gets one, if SIGN_UP is on."""
    mailbox = ProvenMailbox(
        normalize_email(body.email),
        Method.EMAIL_OTP,
        signs_up=True,
        name=body.name or "",
        image=body.image,
        presented_tokens=reader.list_tokens(request),
        trusted_browser_tokens=cookies.list_trusted_browsers(request.cookie_header),
    )
    extra = body.model_extra or {}
    outcome = service.sign_in(work, issuer, email_otp, mailbox, body.otp, extra)
    if isinstance(outcome, Challenge):
        return render_challenge(outcome, cookies, request.cookie_header)
    response = Response(SignedInByCode(token=outcome.token.reveal(), user=UserOut.of(outcome.user)))
    return set_sign_in_cookies(work, response, cookies, outcome, request.cookie_header)


@routes.post(
    "/email-otp/request-password-reset", response_model=Success, refusals=("INVALID_EMAIL",)
)
def request_password_reset_email_otp(
    work: Work, email_otp: EmailOtp, body: RequestResetCode
) -> Success:
    """Mail a code to choose a new password. Does not reveal whether an account exists."""
    service.request_code(work, email_otp, body.email, Purpose.FORGET_PASSWORD)
    return Success()


@routes.post("/forget-password/email-otp", response_model=Success, refusals=("INVALID_EMAIL",))
def forget_password_email_otp(work: Work, email_otp: EmailOtp, body: RequestResetCode) -> Success:
    """Do the same, under the name that older clients use."""
    service.request_code(work, email_otp, body.email, Purpose.FORGET_PASSWORD)
    return Success()


@routes.post(
    "/email-otp/reset-password",
    response_model=Success,
    headers={"set-cookie": "Renews the cookie of a known browser."},
    hashes=True,
    refusals=("INVALID_EMAIL", *NEW_PASSWORD_REFUSALS, *_CODE, "400 USER_NOT_FOUND"),
)
def reset_password_email_otp(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    email_otp: EmailOtp,
    cookies: Cookies,
    reader: SessionReader,
    body: ResetByCode,
) -> Response:
    """Set a new password with a code, which verifies the address too. Does not sign in."""
    tokens = reader.list_tokens(request)
    user = service.reset_password(
        work, accounts, email_otp, body.email, body.otp, body.password, tokens
    )
    device_cookies = renew_device_cookie(work, cookies, request.cookie_header, user.id)
    return Response(Success(), cookies=device_cookies)


@routes.post(
    "/email-otp/request-email-change",
    response_model=Success,
    refusals=(*_CHANGE, "OTP is required to verify current email", *_CODE),
)
def request_email_change_email_otp(
    work: Work, email_otp: EmailOtp, current: SignedIn, body: RequestEmailChange
) -> Success:
    """Mail a code to a new address."""
    change.request_change(work, email_otp, current, body.new_email, body.otp)
    return Success()


@routes.post(
    "/email-otp/change-email",
    response_model=Success,
    headers=SESSION_HEADERS,
    refusals=(*_CHANGE, *_CODE, "Email already in use"),
)
def change_email_email_otp(
    work: Work,
    email_otp: EmailOtp,
    current: SignedIn,
    cookies: Cookies,
    request: RequestContext,
    body: ChangeEmailByCode,
) -> Response:
    """Change your address with the code that was mailed to the new one."""
    change.change_email(work, email_otp, current, body.new_email, body.otp)
    header = request.cookie_header
    return set_account_cookies(
        work, Response(Success()), cookies, current.session, current.token, header
    )
