"""HTTP endpoints to set up and remove second factors, while signed in."""

from functools import partial

from backend.features.accounts.service import Accounts
from backend.features.sessions.cache import CurrentSession
from backend.features.sessions.dependencies import AnySession
from backend.features.sessions.service import WHILE_IMPERSONATING, IssuedSession
from backend.features.sessions.session_cookies import (
    SESSION_HEADERS,
    set_account_cookies,
)
from backend.features.two_factor import enrolment
from backend.features.two_factor.service import TwoFactor
from backend.features.two_factor.wire import (
    BackupCodes,
    Confirm,
    Enable,
    Enabled,
    TotpUri,
)
from backend.kernel.refusals import Refusal
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.responses import Response
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status, WireModel

routes = Routes(
    "two-factor",
    prefix=AUTH + "/two-factor",
    about="A second step at sign-in: authenticator apps, codes by mail, backup codes.",
    enabled=lambda settings: settings.two_factor,
)
_CONFIRMED = ("INVALID_PASSWORD", "SESSION_NOT_FRESH", f"403 {WHILE_IMPERSONATING}")


@routes.post(
    "/enable",
    response_model=Enabled,
    headers={name: f"{text} Only for codes by mail." for name, text in SESSION_HEADERS.items()},
    hashes=True,
    refusals=(*_CONFIRMED, "TOTP_ALREADY_ENABLED", "OTP_NOT_CONFIGURED"),
)
def enable(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    two_factor: TwoFactor,
    cookies: Cookies,
    current: AnySession,
    body: Enable,
) -> Response:
    """Set up an authenticator app, which counts from its first code on; or codes by mail."""
    _confirm_identity(work, request, accounts, cookies, current, body)
    if body.method == "otp":
        issued = enrolment.enable_mail_codes(work, two_factor, accounts.issuer, current)
        return _replace_session(work, request, cookies, issued, Enabled(method="otp"))
    uri, codes = enrolment.begin_totp(work, two_factor, current.user, body.issuer)
    return Response(Enabled(method="totp", totp_uri=uri, backup_codes=codes))


@routes.post(
    "/disable",
    response_model=Status,
    headers=SESSION_HEADERS,
    hashes=True,
    refusals=_CONFIRMED,
)
def disable(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    two_factor: TwoFactor,
    cookies: Cookies,
    current: AnySession,
    body: Confirm,
) -> Response:
    """Remove all second factors."""
    _confirm_identity(work, request, accounts, cookies, current, body)
    issued = enrolment.disable(work, two_factor, accounts.issuer, current)
    response = _replace_session(work, request, cookies, issued, Status())
    response.cookies += cookies.clear_trusted_browser(request.cookie_header)
    return response


@routes.post(
    "/get-totp-uri",
    response_model=TotpUri,
    hashes=True,
    refusals=(*_CONFIRMED, "TOTP_NOT_ENABLED"),
)
def get_totp_uri(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    two_factor: TwoFactor,
    cookies: Cookies,
    current: AnySession,
    body: Confirm,
) -> TotpUri:
    """Return the address for the QR code once more, for another device."""
    _confirm_identity(work, request, accounts, cookies, current, body)
    return TotpUri(totp_uri=enrolment.read_totp_uri(work, two_factor, current.user))


@routes.post(
    "/generate-backup-codes",
    response_model=BackupCodes,
    hashes=True,
    refusals=(*_CONFIRMED, "TWO_FACTOR_NOT_ENABLED"),
)
def generate_backup_codes(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    two_factor: TwoFactor,
    cookies: Cookies,
    current: AnySession,
    body: Confirm,
) -> BackupCodes:
    """Replace the backup codes."""
    if not current.user.two_factor_enabled:
        raise Refusal("TWO_FACTOR_NOT_ENABLED")
    _confirm_identity(work, request, accounts, cookies, current, body)
    codes = enrolment.renew_backup_codes(work, two_factor, work.actor)
    return BackupCodes(backup_codes=codes)


def _confirm_identity(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    cookies: Cookies,
    current: CurrentSession,
    body: Confirm,
) -> None:
    find_device = partial(cookies.find_device, request.cookie_header)
    enrolment.confirm_identity(work, accounts, current, body.password, find_device)


def _replace_session(
    work: Work, request: RequestContext, cookies: Cookies, issued: IssuedSession, body: WireModel
) -> Response:
    header = request.cookie_header
    return set_account_cookies(work, Response(body), cookies, issued.session, issued.token, header)
