"""HTTP endpoints of the second step of a sign-in; while signed in they check a first code."""

from collections.abc import Iterator
from contextlib import contextmanager

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.session_issuer import Challenge, SessionIssuer
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.dependencies import MaybeAnySession
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.service import WHILE_IMPERSONATING, IssuedSession
from backend.features.sessions.session_cookies import (
    SESSION_HEADERS,
    set_account_cookies,
    set_sign_in_cookies,
)
from backend.features.sessions.wire import UserOut
from backend.features.two_factor import enrolment, second_step
from backend.features.two_factor.second_step import Completion, PendingSignIn
from backend.features.two_factor.service import TwoFactor
from backend.features.two_factor.wire import (
    CodeVerified,
    SendCode,
    VerifyBackupCode,
    VerifyCode,
)
from backend.kernel.refusals import Refusal
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes(
    "two-factor", prefix=AUTH + "/two-factor", enabled=lambda settings: settings.two_factor
)
_ANSWERED = (
    "INVALID_TWO_FACTOR_COOKIE",
    "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE",
    "ACCOUNT_TEMPORARILY_LOCKED",
    "BANNED_USER",
    f"403 {WHILE_IMPERSONATING}",
)


@routes.post(
    "/send-otp",
    response_model=Status,
    session_optional=True,
    refusals=(
        "INVALID_TWO_FACTOR_COOKIE",
        "OTP_NOT_CONFIGURED",
        "OTP_NOT_ENABLED",
        f"403 {WHILE_IMPERSONATING}",
    ),
)
def send_otp(
    work: Work,
    request: RequestContext,
    two_factor: TwoFactor,
    cookies: Cookies,
    current: MaybeAnySession,
    body: SendCode | None = None,
) -> Status:
    """Mail a code, to answer a challenge or to turn this factor on."""
    if not two_factor.can_mail_codes(work.settings):
        raise Refusal("OTP_NOT_CONFIGURED", "otp isn't configured")
    if current is None:
        pending = _find_pending(work, request, cookies)
        second_step.send_mail_code(work, two_factor, pending)
    else:
        enrolment.send_mail_code(work, two_factor, current)
    return Status()


@routes.post(
    "/verify-totp",
    response_model=CodeVerified,
    headers=SESSION_HEADERS,
    session_optional=True,
    refusals=(*_ANSWERED, "INVALID_CODE", "TOTP_NOT_ENABLED"),
)
def verify_totp(
    work: Work,
    request: RequestContext,
    two_factor: TwoFactor,
    issuer: SessionIssuer,
    reader: SessionReader,
    cookies: Cookies,
    current: MaybeAnySession,
    body: VerifyCode,
) -> Response:
    """Answer a challenge with the code of an app, or activate the app with its first code."""
    if current is not None:
        issued = enrolment.verify_totp(work, two_factor, issuer, current, body.code)
        return _respond_in_session(work, request, cookies, current, issued)
    with _clearing_ended_challenge(request, cookies):
        pending = _find_pending(work, request, cookies)
        user = second_step.use_totp(work, two_factor, pending, body.code)
        completion = Completion(user, "totp", reader.list_tokens(request), body.trusts_browser)
        outcome = second_step.complete(work, issuer, pending, completion)
    return _respond(work, cookies, request, outcome)


@routes.post(
    "/verify-otp",
    response_model=CodeVerified,
    headers=SESSION_HEADERS,
    session_optional=True,
    refusals=(*_ANSWERED, "INVALID_CODE", "OTP_HAS_EXPIRED"),
)
def verify_otp(
    work: Work,
    request: RequestContext,
    two_factor: TwoFactor,
    issuer: SessionIssuer,
    reader: SessionReader,
    cookies: Cookies,
    current: MaybeAnySession,
    body: VerifyCode,
) -> Response:
    """Answer a challenge with a mailed code, or turn mailed codes on with the first one."""
    if current is not None:
        issued = enrolment.verify_mail_code(work, two_factor, issuer, current, body.code)
        return _respond_in_session(work, request, cookies, current, issued)
    pending = _find_pending(work, request, cookies)
    user = second_step.use_mail_code(work, two_factor, pending, body.code)
    completion = Completion(user, "otp", reader.list_tokens(request), body.trusts_browser)
    outcome = second_step.complete(work, issuer, pending, completion)
    return _respond(work, cookies, request, outcome)


@routes.post(
    "/verify-backup-code",
    response_model=CodeVerified,
    headers=SESSION_HEADERS,
    session_optional=True,
    refusals=(*_ANSWERED, "INVALID_BACKUP_CODE", "BACKUP_CODES_NOT_ENABLED"),
)
def verify_backup_code(
    work: Work,
    request: RequestContext,
    two_factor: TwoFactor,
    issuer: SessionIssuer,
    reader: SessionReader,
    cookies: Cookies,
    current: MaybeAnySession,
    body: VerifyBackupCode,
) -> Response:
    """Answer a challenge with a backup code, which works once."""
    if current is not None:
        enrolment.verify_backup_code(work, two_factor, current, body.code)
        return _respond_in_session(work, request, cookies, current, None)
    with _clearing_ended_challenge(request, cookies):
        pending = _find_pending(work, request, cookies)
        user = second_step.use_backup_code(work, two_factor, pending, body.code)
        if body.disable_session:
            return Response(CodeVerified(user=UserOut.of(user)))
        completion = Completion(
            user, "backup_code", reader.list_tokens(request), body.trusts_browser
        )
        outcome = second_step.complete(work, issuer, pending, completion)
    return _respond(work, cookies, request, outcome)


def _find_pending(work: Work, request: RequestContext, cookies: Cookies) -> PendingSignIn:
    return second_step.find_pending(work, cookies.list_challenges(request.cookie_header))


@contextmanager
def _clearing_ended_challenge(request: RequestContext, cookies: Cookies) -> Iterator[None]:
    """Delete the cookie of a challenge that has ended after too many codes."""
    try:
        yield
    except Refusal as refusal:
        if refusal.code == "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE":
            request.cookies += cookies.clear_challenge()
        raise


def _respond(
    work: Work, cookies: Cookies, request: RequestContext, outcome: IssuedSession | Challenge
) -> Response:
    if isinstance(outcome, Challenge):
        return render_challenge(outcome, cookies, request.cookie_header)
    body = CodeVerified(token=outcome.token.reveal(), user=UserOut.of(outcome.user))
    response = Response(body)
    set_sign_in_cookies(work, response, cookies, outcome, request.cookie_header)
    response.cookies += cookies.clear_challenge()
    return response


def _respond_in_session(
    work: Work,
    request: RequestContext,
    cookies: Cookies,
    current: CurrentSession,
    issued: IssuedSession | None,
) -> Response:
    """Respond to a signed-in caller: with the session that replaces theirs, if there is one."""
    token, user = current.token, current.user
    if issued is not None:
        token, user = issued.token, issued.user
    body = CodeVerified(token=token.reveal(), user=UserOut.of(user))
    response = Response(body)
    if issued is not None:
        header = request.cookie_header
        set_account_cookies(work, response, cookies, issued.session, issued.token, header)
    return response
