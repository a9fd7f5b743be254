"""HTTP endpoints of the password reset."""

from typing import Annotated

from fastapi import Query

from backend.features.accounts.service import Accounts
from backend.features.links.link_mailer import LinkMailer
from backend.features.password_reset import service
from backend.features.password_reset.wire import (
    OpenReset,
    RequestReset,
    ResetPassword,
    ResetRequested,
    ResetToken,
)
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.session_cookies import renew_device_cookie
from backend.kernel.clock import Clock
from backend.kernel.passwords.rules import NEW_PASSWORD_REFUSALS
from backend.kernel.refusals import Refusal
from backend.kernel.settings import Settings
from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.app_context import AppContext
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.redirects import redirect_refusal, to_absolute_url
from backend.web.responses.responses import Response, redirect
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes(
    "password reset",
    prefix=AUTH,
    about="Setting a new password with a mailed link.",
)


@routes.post("/request-password-reset")
def request_password_reset(
    work: Work, link_mailer: LinkMailer, body: RequestReset
) -> ResetRequested:
    """Mail a link to reset the password. Does not reveal whether an account exists."""
    service.request_reset(work, link_mailer, body.email, body.redirect_to or "")
    return ResetRequested()


@routes.get(
    "/reset-password/{token}",
    status=302,
    headers={"location": "The callbackURL, with `?token=`, or `?error=INVALID_TOKEN`."},
)
def reset_password_callback(
    db: Db,
    clock: Clock,
    settings: Settings,
    context: AppContext,
    link_mailer: LinkMailer,
    token: str,
    query: Annotated[OpenReset, Query()],
) -> Response:
    """Open a mailed link, which redirects to the page for a new password, or with an error.

    This does not use the link up, because mail scanners open links too.
    """
    base_url, callback = settings.base_url, query.callback_url
    context.origins.check_targets({"callbackURL": callback})
    error_url = to_absolute_url(base_url, callback or f"{AUTH}/error", "error", "INVALID_TOKEN")
    if not callback:
        raise redirect_refusal(error_url)
    try:
        service.find_usable_link(db, clock.now(), link_mailer.link_tokens, token)
    except Refusal:
        raise redirect_refusal(error_url) from None
    return redirect(to_absolute_url(base_url, callback, "token", token))


@routes.post(
    "/reset-password",
    response_model=Status,
    headers={"set-cookie": "Renews the cookie of a known browser."},
    hashes=True,
    refusals=("INVALID_TOKEN", *NEW_PASSWORD_REFUSALS),
)
def reset_password(
    work: Work,
    request: RequestContext,
    accounts: Accounts,
    link_mailer: LinkMailer,
    cookies: Cookies,
    reader: SessionReader,
    body: ResetPassword,
    query: Annotated[ResetToken, Query()],
) -> Response:
    """Set a new password with the token of a mailed link. Works once, and does not sign in."""
    token = body.token or query.token
    if not token:
        raise Refusal("INVALID_TOKEN")
    tokens = reader.list_tokens(request)
    user = service.reset_password(work, accounts, link_mailer, token, body.new_password, tokens)
    device_cookies = renew_device_cookie(work, cookies, request.cookie_header, user.id)
    return Response(Status(), cookies=device_cookies)
