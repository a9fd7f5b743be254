"""HTTP endpoints for verifying and changing addresses."""

from functools import partial
from typing import Annotated

from fastapi import Query

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.session_issuer import Challenge, SessionIssuer
from backend.features.email_verification import change, service
from backend.features.email_verification.wire import (
    ChangeEmail,
    Confirmed,
    SendVerification,
    Verified,
    VerifyEmail,
)
from backend.features.links import service as links
from backend.features.links.link_mailer import LinkMailer
from backend.features.links.service import LinkKind
from backend.features.sessions.dependencies import MaybeSignedIn, SignedIn
from backend.features.sessions.service import WHILE_IMPERSONATING
from backend.features.sessions.session_cookies import (
    SESSION_HEADERS,
    set_account_cookies,
    set_sign_in_cookies,
)
from backend.features.sessions.wire import UserOut
from backend.kernel.refusals import Refusal
from backend.storage.queries.users import User
from backend.storage.work import Work
from backend.web.app_context import AppContext
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.redirects import (
    hand_cookies_to_app,
    redirect_refusal,
    with_parameter,
)
from backend.web.responses.responses import Response, redirect
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status, WireModel

routes = Routes(
    "e-mail addresses",
    prefix=AUTH,
    about="Verifying or changing an address with a mailed link.",
)

_KINDS = (LinkKind.VERIFY_EMAIL, LinkKind.CHANGE_EMAIL_CONFIRM, LinkKind.CHANGE_EMAIL_VERIFY)
_LINK_ERRORS = ("INVALID_TOKEN", "TOKEN_EXPIRED", "USER_NOT_FOUND", "INVALID_USER")


@routes.post(
    "/send-verification-email",
    response_model=Status,
    session_optional=True,
    refusals=("EMAIL_MISMATCH", "EMAIL_ALREADY_VERIFIED"),
)
def send_verification_email(
    work: Work, link_mailer: LinkMailer, current: MaybeSignedIn, body: SendVerification
) -> Status:
    """Mail a link that verifies an address. Does not reveal whether an account exists."""
    callback = body.callback_url or "/"
    if current is None:
        service.send_link(work, link_mailer, body.email, callback)
    else:
        service.send_link_to_self(work, link_mailer, body.email, callback)
    return Status()


@routes.get(
    "/verify-email",
    response_model=Verified | Confirmed,
    headers=SESSION_HEADERS,
    redirect="The callbackURL, if there was one; with `?error=` and a code if the link is no good.",
    session_optional=True,
    refusals=("401 INVALID_TOKEN", "TOKEN_EXPIRED", "401 USER_NOT_FOUND", "INVALID_USER"),
)
def verify_email(
    work: Work,
    request: RequestContext,
    context: AppContext,
    issuer: SessionIssuer,
    link_mailer: LinkMailer,
    cookies: Cookies,
    current: MaybeSignedIn,
    query: Annotated[VerifyEmail, Query()],
) -> Response:
    """Open a mailed link, which verifies or changes the address. Redirects to `callbackURL`."""
    callback = query.callback_url
    context.origins.check_targets({"callbackURL": callback})
    user = current.user if current else None
    try:
        link = links.find(work.db, work.now(), link_mailer.link_tokens, query.token, *_KINDS)
        if link.kind == LinkKind.VERIFY_EMAIL:
            browser = identify_browser(cookies, request.cookie_header, user)
            outcome = service.verify(work, issuer, link_mailer, link, browser)
            if isinstance(outcome, Challenge):
                challenge = render_challenge(
                    outcome, cookies, request.cookie_header, redirect_to=callback
                )
                return hand_cookies_to_app(challenge)
            response = _respond(callback, Verified(user=None))
            if outcome is not None:
                set_sign_in_cookies(work, response, cookies, outcome, request.cookie_header)
            return hand_cookies_to_app(response)
        if link.kind == LinkKind.CHANGE_EMAIL_CONFIRM:
            change.confirm_change(work, link_mailer, link, user, callback or "/")
            return _respond(callback, Confirmed())
        changed = change.complete_change(work, link_mailer, link, user)
    except Refusal as refusal:
        raise _redirect_refusal(refusal, callback) from None
    response = _respond(callback, Verified(user=UserOut.of(changed) if changed else None))
    if current is not None and changed is not None:
        set_account_cookies(
            work, response, cookies, current.session, current.token, request.cookie_header
        )
    return hand_cookies_to_app(response)


@routes.post(
    "/change-email",
    response_model=Status,
    refusals=("CHANGE_EMAIL_DISABLED", "Email is the same", f"403 {WHILE_IMPERSONATING}"),
)
def change_email(
    work: Work, link_mailer: LinkMailer, current: SignedIn, body: ChangeEmail
) -> Status:
    """Request a change of address. If the old one is verified, it must confirm the change first."""
    change.request_change(work, link_mailer, current, body.new_email, body.callback_url or "/")
    return Status()


def identify_browser(
    cookies: Cookies, cookie_header: bytes, user: User | None
) -> service.BrowserIdentity:
    """Return what identifies the browser of a request, in which `user` is signed in."""
    return service.BrowserIdentity(
        user,
        cookies.read_signed(cookie_header, cookies.sign_up),
        partial(cookies.find_device, cookie_header),
        cookies.list_trusted_browsers(cookie_header),
    )


def _respond(callback: str | None, body: WireModel) -> Response:
    return redirect(callback) if callback else Response(body)


def _redirect_refusal(refusal: Refusal, callback: str | None) -> Refusal:
    if refusal.code not in _LINK_ERRORS:
        return refusal
    if callback:
        return redirect_refusal(with_parameter(callback, "error", refusal.code))
    return Refusal(refusal.code, status=401)
