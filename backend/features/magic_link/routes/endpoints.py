"""HTTP endpoints of signing in with a mailed link (wire.md 5.5)."""

from typing import Annotated

from fastapi import Query

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.mailbox_sign_in import MailboxSignIn
from backend.features.accounts.session_issuer import Challenge, SessionIssuer
from backend.features.accounts.wire import ChallengeOut
from backend.features.links.link_mailer import LinkMailer
from backend.features.magic_link import service
from backend.features.magic_link.routes.opening import is_prefetch, is_script
from backend.features.magic_link.routes.page import HEADERS, MEDIA_TYPE, render_page
from backend.features.magic_link.service import LinkRequest, OpenedLink
from backend.features.magic_link.wire import MagicLinkSignedIn, OpenMagicLink, SignInMagicLink
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.session_cookies import SESSION_HEADERS, set_sign_in_cookies
from backend.kernel.randomness import random_alphanumeric
from backend.kernel.refusals import RecordedRefusal, Refusal
from backend.kernel.secrets.secret import BrowserToken
from backend.storage.work import Work
from backend.web.app_context import AppContext
from backend.web.cookies import Cookies
from backend.web.request_context import RequestContext
from backend.web.responses.redirects import (
    hand_cookies_to_app,
    redirect_refusal,
    resolve_target,
    to_absolute_url,
)
from backend.web.responses.responses import Response, redirect
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes
from backend.web.wire import Status

routes = Routes(
    "magic links",
    prefix=AUTH,
    about="Signing in, or up, with a mailed link in place of a password.",
    enabled=lambda settings: settings.magic_link,
)
confirmation_routes = Routes(
    routes.tag,
    prefix=AUTH,
    enabled=lambda settings: settings.magic_link and settings.strict,
)
"""What Better Auth does not have: its links are used up by whoever opens them first."""

_PATH = "/magic-link/verify"
_REDIRECT = (
    "The callbackURL, or for a new user the newUserCallbackURL; the errorCallbackURL with "
    "`?error=` and INVALID_TOKEN or new_user_signup_disabled."
)
_BROWSER_TOKEN_LENGTH = 32


@routes.post(
    "/sign-in/magic-link",
    response_model=Status,
    takes_forms=True,
    headers={"set-cookie": "With STRICT, by which the link knows the browser again."},
)
def sign_in_magic_link(
    work: Work,
    request: RequestContext,
    link_mailer: LinkMailer,
    cookies: Cookies,
    body: SignInMagicLink,
) -> Response:
    """Mail a link that signs in. Does not reveal whether an account exists."""
    new_user, error = body.new_user_callback_url, body.error_callback_url
    browser = _recognise_browser(work, cookies, request.cookie_header)
    link_request = LinkRequest(
        body.email,
        body.name or "",
        callback=body.callback_url or "/",
        targets={
            **({"newUserCallbackURL": new_user} if new_user else {}),
            **({"errorCallbackURL": error} if error else {}),
        },
        browser=browser,
    )
    service.request_link(work, link_mailer, link_request)
    if browser is None:
        return Response(Status())
    lifetime = work.settings.magic_link_lifetime
    return Response(Status(), cookies=[cookies.set_magic_link(browser, lifetime)])


@routes.get(
    _PATH,
    response_model=MagicLinkSignedIn | ChallengeOut,
    headers=SESSION_HEADERS,
    redirect=_REDIRECT,
    refusals=("BANNED_USER",),
)
def verify_magic_link(
    work: Work,
    request: RequestContext,
    context: AppContext,
    issuer: SessionIssuer,
    link_mailer: LinkMailer,
    cookies: Cookies,
    reader: SessionReader,
    query: Annotated[OpenMagicLink, Query()],
) -> Response:
    """Open a mailed link, which signs in.

    With STRICT a browser other than the one that asked for it gets a page with a button, which
    uses the link up: mail scanners open links too.
    """
    for target in (query.callback_url, query.new_user_callback_url, query.error_callback_url):
        context.origins.check_targets({"callbackURL": target})
    if work.settings.strict and not is_script(request.headers, context.origins):
        try:
            link = service.find_link(work, link_mailer, query.token)
        except Refusal as refusal:
            raise _redirect_refusal(work, query, refusal.code or "") from None
        browsers = cookies.list_magic_links(request.cookie_header)
        if is_prefetch(request.headers) or not service.was_asked_for_in(link, browsers):
            return render_page(work.settings.app_name, link.email)
    opened = _build_opened(request, cookies, reader, query)
    signed_in = _sign_in(work, issuer, link_mailer, opened, query)
    target = _choose_target(work, query, signed_in) if query.callback_url else None
    return _respond(work, request, cookies, signed_in, target)


@confirmation_routes.head(_PATH)
async def look_at_magic_link() -> Response:
    """Answer who only looks whether the address works; the link is not even looked up."""
    return Response(media_type=MEDIA_TYPE, headers=dict(HEADERS))


@confirmation_routes.post(
    _PATH,
    status=302,
    takes_forms=True,
    headers={"location": _REDIRECT},
    refusals=("BANNED_USER", "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
)
def confirm_magic_link(
    work: Work,
    request: RequestContext,
    issuer: SessionIssuer,
    link_mailer: LinkMailer,
    cookies: Cookies,
    reader: SessionReader,
    query: Annotated[OpenMagicLink, Query()],
) -> Response:
    """Use a mailed link up, after the button of its page was pressed."""
    opened = _build_opened(request, cookies, reader, query)
    signed_in = _sign_in(work, issuer, link_mailer, opened, query)
    return _respond(work, request, cookies, signed_in, _choose_target(work, query, signed_in))


def _recognise_browser(work: Work, cookies: Cookies, cookie_header: bytes) -> BrowserToken | None:
    """Return what names this browser for a while: an earlier link of its stays known."""
    if not work.settings.strict:
        return None
    known = cookies.list_magic_links(cookie_header)
    fresh = random_alphanumeric(work.randomness, _BROWSER_TOKEN_LENGTH)
    return known[0] if known else BrowserToken(fresh)


def _build_opened(
    request: RequestContext, cookies: Cookies, reader: SessionReader, query: OpenMagicLink
) -> OpenedLink:
    trusted = cookies.list_trusted_browsers(request.cookie_header)
    return OpenedLink(query.token, reader.list_tokens(request), trusted)


def _sign_in(
    work: Work,
    issuer: SessionIssuer,
    link_mailer: LinkMailer,
    opened: OpenedLink,
    query: OpenMagicLink,
) -> MailboxSignIn:
    try:
        signed_in = service.sign_in(work, issuer, link_mailer, opened)
    except Refusal as refusal:
        if refusal.code != "INVALID_TOKEN":
            raise
        raise _redirect_refusal(work, query, refusal.code) from None
    if signed_in is None:
        headers = _redirect_refusal(work, query, "new_user_signup_disabled").headers
        raise RecordedRefusal(None, status=302, headers=headers)  # the link is used up
    return signed_in


def _redirect_refusal(work: Work, query: OpenMagicLink, code: str) -> Refusal:
    page = query.error_callback_url or query.callback_url or "/"
    return redirect_refusal(to_absolute_url(work.settings.base_url, page, "error", code))


def _choose_target(work: Work, query: OpenMagicLink, signed_in: MailboxSignIn) -> str:
    new_user = query.new_user_callback_url if signed_in.is_new else None
    return resolve_target(work.settings.base_url, new_user or query.callback_url or "/")


def _respond(
    work: Work,
    request: RequestContext,
    cookies: Cookies,
    signed_in: MailboxSignIn,
    target: str | None,
) -> Response:
    outcome, cookie_header = signed_in.outcome, request.cookie_header
    if isinstance(outcome, Challenge):
        return hand_cookies_to_app(
            render_challenge(outcome, cookies, cookie_header, redirect_to=target)
        )
    response = redirect(target) if target else Response(MagicLinkSignedIn.of(outcome))
    set_sign_in_cookies(work, response, cookies, outcome, cookie_header)
    return hand_cookies_to_app(response)
