"""The HTTP endpoint to which providers send browsers back (wire.md section 4)."""

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.session_issuer import Challenge
from backend.features.providers import service, states
from backend.features.providers.client import ProviderClient
from backend.features.providers.errors import ProviderError, ProviderUnavailable
from backend.features.providers.routes.failures import (
    MAX_DESCRIPTION,
    build_event,
    redirect_to_error,
    refuse,
)
from backend.features.providers.service import ProvenAccount, ProviderSignIn
from backend.features.providers.states import BegunSignIn, Linking
from backend.features.providers.wire import CallbackQuery, SignedInWithIdToken
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.session_cookies import set_sign_in_cookies
from backend.features.sessions.wire import UserOut
from backend.kernel.configuration.providers import CALLBACK_PATH
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import OAuthStateToken, Secret
from backend.kernel.settings import Settings
from backend.storage.acting_session import ActingSession, require_live_session
from backend.storage.errors import SessionEnded
from backend.storage.queries import oauth_states
from backend.storage.queries.oauth_states import OAuthState
from backend.storage.work import Work
from backend.web.cookies import Cookies
from backend.web.edge.origins import origin_of
from backend.web.request_context import RequestContext
from backend.web.responses.redirects import (
    hand_cookies_to_app,
    opens_app,
)
from backend.web.responses.responses import Response, redirect
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes

routes = Routes("providers", prefix=AUTH)
_PATH = "/callback/{provider_id}"
_REDIRECT = "The callbackURL, or for a new user the newUserCallbackURL; the errorCallbackURL with "
_GATES = {"BANNED_USER": "BANNED_USER", "EMAIL_NOT_VERIFIED": "email_not_verified"}
_MAX_USER = 2000  # characters; what Apple tells in its form is far shorter


@routes.get(
    _PATH,
    status=302,
    headers={"location": _REDIRECT + "`?error=` and what went wrong."},
    asks_provider=True,
)
def callback(
    work: Work,
    request: RequestContext,
    services: ProviderSignIn,
    cookies: Cookies,
    reader: SessionReader,
    provider_id: str,
    query: Annotated[CallbackQuery, Query()],
) -> Response:
    """Finish a sign-in, or the linking of an account, with what the provider answers.

    The state works once, in the browser that was sent to this provider (RFC 9700, 4.7). It is used
    up before the code is sent: many providers end the tokens of a code that comes twice.
    """
    if query.is_malformed:
        raise refuse(work, provider_id, ProviderError("invalid_callback_request", "malformed"))
    token = OAuthStateToken(query.state or "")
    if not token:
        raise refuse(work, provider_id, ProviderError("state_not_found", "no state"))
    found = states.find(work, token)
    if found is None:
        raise refuse(work, provider_id, ProviderError("state_mismatch", "nobody has this state"))
    state, begun = found
    if begun.in_panel and not work.client.is_panel:  # the panel's cookies have names of their own
        return redirect(_add_query(begun.callback, request))
    if not cookies.has_state(request.cookie_header, token):
        return _forward(work, request, services, state, begun)
    request.cookies += cookies.clear_state()
    try:
        if not work.commit_first(lambda first: oauth_states.take(first.db, state.id)):
            raise ProviderError("state_mismatch", "the state was used in this moment")
        _check_answer(work, state, query)
        client = _find_client(services, provider_id, state)
        proven = _prove(work, client, begun, query)
        if state.user_id is not None:
            return _link(work, request, services, state, begun, proven)
        return _sign_in(work, request, services, cookies, reader, begun, proven)
    except ProviderError as error:
        description = query.error_description if query.error else None
        raise refuse(work, provider_id, error, found, description) from None


@routes.post(
    _PATH,
    status=302,
    takes_forms=True,
    takes_cross_site_forms=True,
    headers={"location": "The same address, with the form's fields in its query."},
)
async def callback_form(
    settings: Settings,
    services: ProviderSignIn,
    provider_id: str,
    query: Annotated[CallbackQuery, Query()],
    body: CallbackQuery | None = None,
) -> Response:
    """Take the answer of a provider that sends a form, as Apple does.

    A form of another site comes without our cookies: the browser is asked to come again with a GET,
    which has them.
    """
    fields = {**_list_fields(body), **_list_fields(query)}
    if len(fields.get("user", "")) > _MAX_USER:
        del fields["user"]
    client = services.providers.find(provider_id)
    ours = settings.base_url + CALLBACK_PATH + provider_id
    return redirect(f"{client.config.redirect_uri if client else ours}?{urlencode(fields)}")


def _list_fields(model: CallbackQuery | None) -> dict[str, str]:
    return model.model_dump(exclude_none=True, by_alias=True) if model else {}


def _forward(
    work: Work,
    request: RequestContext,
    services: ProviderSignIn,
    state: OAuthState,
    begun: BegunSignIn,
) -> Response:
    """Pass the answer on to the origin where the sign-in began, whose cookie it belongs to.

    Once only: without the cookie there too, it is another browser.
    """
    client = services.providers.find(state.provider_id)
    away = client is not None and _began_elsewhere(work.settings, client, state)
    if away and not begun.in_panel and oauth_states.mark_forwarded(work.db, state.id):
        return redirect(_add_query(f"{state.origin}{request.path}", request))
    error = ProviderError("state_mismatch", "the browser is not the one that was sent there")
    work.keep(build_event(state.user_id, state.provider_id, error))
    raise redirect_to_error(work, begun.error_callback, error.code, None)


def _mark_browser(
    work: Work,
    request: RequestContext,
    services: ProviderSignIn,
    cookies: Cookies,
    proven: ProvenAccount,
) -> None:
    """Let the browser keep that it came with the account: the link in the mail may ask."""
    token = service.mark_browser(work, services, proven)
    if token is not None:
        lifetime = work.settings.verification_link_lifetime
        request.cookies.append(cookies.set_sign_up(token.reveal(), lifetime))


def _add_query(target: str, request: RequestContext) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return f"{target}{'&' if '?' in target else '?'}{query}"


def _began_elsewhere(settings: Settings, client: ProviderClient, state: OAuthState) -> bool:
    """Tell whether the provider cannot send browsers back to where this sign-in began.

    The Hub's client sends them to the Space, and so do the others unless PUBLIC_URL is the app's;
    but people sign in at the app. With PUBLIC_URL they are sent to the app, but the panel is at the
    Space.
    """
    sent_to = origin_of(client.config.redirect_uri)
    if state.origin == sent_to:
        return False
    is_space = sent_to in {f"https://{host}" for host in settings.space_host}
    return is_space or state.origin in settings.own_origins


def _check_answer(work: Work, state: OAuthState, query: CallbackQuery) -> None:
    if state.expires_at <= work.now():
        raise ProviderError("state_mismatch", "the sign-in took longer than ten minutes")
    if query.error:
        raise ProviderError(query.error[:MAX_DESCRIPTION], "the provider's own error")
    if not query.code:
        raise ProviderError("no_code", "the answer has no code")


def _find_client(services: ProviderSignIn, provider_id: str, state: OAuthState) -> ProviderClient:
    client = services.providers.find(provider_id)
    if client is None:
        raise ProviderError("oauth_provider_not_found", "the settings do not name it any more")
    if state.provider_id != provider_id:
        raise ProviderError("state_mismatch", f"the state is of a sign-in at {state.provider_id}")
    return client


def _prove(
    work: Work, client: ProviderClient, begun: BegunSignIn, query: CallbackQuery
) -> ProvenAccount:
    """Ask the provider who has signed in; raises ProviderError."""

    def ask() -> ProvenAccount:
        try:
            client.check_issuer(query.iss)
        except ProviderUnavailable as error:
            raise ProviderError("invalid_code", str(error)) from None
        tokens = client.exchange(query.code or "", Secret(begun.code_verifier))
        profile = client.load_profile(tokens, begun.nonce, query.user)
        return ProvenAccount(client, profile, tokens, begun.callback, by_code=True)

    return work.run_outside_transaction(ask)


def _link(
    work: Work,
    request: RequestContext,
    services: ProviderSignIn,
    state: OAuthState,
    begun: BegunSignIn,
    proven: ProvenAccount,
) -> Response:
    """Add the account, if the session that asked for it still stands (ASVS 7.4.1)."""
    if state.user_id is None or state.session_id is None or begun.link_email is None:
        raise ProviderError("unable_to_link_account", "nobody asked for it")
    acting = ActingSession(state.session_id, state.user_id)
    linking = Linking(state.user_id, state.session_id, begun.link_email)
    try:
        require_live_session(work.db, acting, work.now())
        service.link(work, services, proven, linking)
    except SessionEnded:
        reason = "the session has ended meanwhile"
        raise ProviderError("unable_to_link_account", reason) from None
    return hand_cookies_to_app(redirect(begun.callback), request.cookies)


def _sign_in(
    work: Work,
    request: RequestContext,
    services: ProviderSignIn,
    cookies: Cookies,
    reader: SessionReader,
    begun: BegunSignIn,
    proven: ProvenAccount,
) -> Response:
    # An app's browser is only on the way: it is not signed in itself, nor out of anything.
    is_passing = work.settings.strict and opens_app(begun.callback)
    header = b"" if is_passing else request.cookie_header
    proven = replace(
        proven,
        presented_tokens=[] if is_passing else reader.list_tokens(request),
        trusted_browser_tokens=cookies.list_trusted_browsers(request.cookie_header),
    )
    try:
        result = service.sign_in(work, services, proven)
    except Refusal as refusal:
        code = _GATES.get(refusal.code or "")
        if code is None:
            raise
        description = refusal.message if code == "BANNED_USER" else None
        if refusal.code == "EMAIL_NOT_VERIFIED":
            _mark_browser(work, request, services, cookies, proven)
        raise redirect_to_error(work, begun.error_callback, code, description, keep=True) from None
    target = (result.is_new and begun.new_user_callback) or begun.callback
    outcome = result.outcome
    page = None if begun.in_panel else target  # the panel reads JSON, as of every sign-in
    if isinstance(outcome, Challenge):
        response = render_challenge(outcome, cookies, header, redirect_to=page)
    else:
        body = SignedInWithIdToken(token=outcome.token.reveal(), user=UserOut.of(outcome.user))
        response = redirect(page) if page else Response(body)
        response = set_sign_in_cookies(work, response, cookies, outcome, header)
    response = hand_cookies_to_app(response, request.cookies)
    if is_passing:
        response.cookies = []
    return response
