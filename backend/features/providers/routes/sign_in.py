"""HTTP endpoints that send a browser to a provider (wire.md section 4)."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from backend.features.accounts.challenge_response import render_challenge
from backend.features.accounts.session_issuer import Challenge
from backend.features.accounts.wire import ChallengeOut
from backend.features.providers import id_token_sign_in, states
from backend.features.providers.authorization_url import AuthorizationRequest
from backend.features.providers.client import ProviderClient
from backend.features.providers.discovery import Endpoints
from backend.features.providers.errors import ProviderError, ProviderUnavailable
from backend.features.providers.id_token_sign_in import PresentedIdToken
from backend.features.providers.routes.failures import build_event
from backend.features.providers.service import ProviderSignIn
from backend.features.providers.states import Linking, Targets
from backend.features.providers.wire import (
    LinkedWithIdToken,
    LinkIdToken,
    LinkSocial,
    ProviderRedirect,
    SignedInWithIdToken,
    SignInIdToken,
    SignInSocial,
)
from backend.features.sessions.dependencies import SignedIn
from backend.features.sessions.reader import SessionReader
from backend.features.sessions.service import refuse_impersonator
from backend.features.sessions.session_cookies import SESSION_HEADERS, set_sign_in_cookies
from backend.features.sessions.wire import UserOut
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import Secret
from backend.storage.queries import users
from backend.storage.work import Work
from backend.web.app_context import AppContext
from backend.web.cookies import Cookies
from backend.web.edge.origins import origin_of
from backend.web.request_context import RequestContext
from backend.web.responses.redirects import opens_app
from backend.web.responses.responses import Response, header_safe
from backend.web.routing.endpoint import AUTH
from backend.web.routing.routes import Routes

routes = Routes(
    "providers",
    prefix=AUTH,
    about="Signing in with an account at a provider: Hugging Face, Google, or one of your own.",
)
log = structlog.get_logger()

_LOCATION = {"location": "The same URL, for clients that follow it."}


@routes.post(
    "/sign-in/social",
    response_model=ProviderRedirect | SignedInWithIdToken | ChallengeOut,
    headers={**SESSION_HEADERS, **_LOCATION},
    asks_provider=True,
    refusals=(
        "PROVIDER_NOT_FOUND",
        "ID_TOKEN_NOT_SUPPORTED",
        "401 INVALID_TOKEN",
        "401 FAILED_TO_GET_USER_INFO",
        "USER_EMAIL_NOT_FOUND",
        "OAUTH_LINK_ERROR",
        "EMAIL_NOT_VERIFIED",
        "BANNED_USER",
        "503 SERVICE_UNAVAILABLE",
    ),
)
def sign_in_social(
    work: Work,
    request: RequestContext,
    context: AppContext,
    services: ProviderSignIn,
    cookies: Cookies,
    reader: SessionReader,
    body: SignInSocial,
) -> Response:
    """Begin to sign in with a provider: where the browser has to go.

    With an ID token that the page has got itself, it signs in at once.
    """
    client = _find_client(services, body.provider)
    if body.id_token is None:
        return _redirect(work, cookies, client, body, _find_origin(request, context, client, body))
    presented = replace(
        _read_id_token(body.id_token),
        presented_tokens=reader.list_tokens(request),
        trusted_browser_tokens=cookies.list_trusted_browsers(request.cookie_header),
    )
    outcome = id_token_sign_in.sign_in(work, services, client, presented)
    if isinstance(outcome, Challenge):
        return render_challenge(outcome, cookies, request.cookie_header)
    response = Response(
        SignedInWithIdToken(token=outcome.token.reveal(), user=UserOut.of(outcome.user))
    )
    return set_sign_in_cookies(work, response, cookies, outcome, request.cookie_header)


@routes.post(
    "/link-social",
    response_model=ProviderRedirect | LinkedWithIdToken,
    headers=_LOCATION,
    asks_provider=True,
    refusals=(
        "PROVIDER_NOT_FOUND",
        "ID_TOKEN_NOT_SUPPORTED",
        "401 INVALID_TOKEN",
        "401 FAILED_TO_GET_USER_INFO",
        "USER_EMAIL_NOT_FOUND",
        "LINKING_NOT_ALLOWED",
        "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED",
        "SOCIAL_ACCOUNT_ALREADY_LINKED",
        "503 SERVICE_UNAVAILABLE",
    ),
)
def link_social(
    work: Work,
    request: RequestContext,
    context: AppContext,
    services: ProviderSignIn,
    cookies: Cookies,
    current: SignedIn,
    body: LinkSocial,
) -> Response:
    """Begin to add an account at a provider to the caller's own; its address must be the same."""
    refuse_impersonator(current.session)
    client = _find_client(services, body.provider)
    linking = Linking(current.user.id, current.session.id, current.user.email)
    if body.id_token is None:
        origin = _find_origin(request, context, client, body)
        return _redirect(work, cookies, client, body, origin, linking)
    presented = _read_id_token(body.id_token)
    id_token_sign_in.link(work, services, client, presented, linking)
    return Response(LinkedWithIdToken())


def find_endpoints(
    work: Work, client: ProviderClient, linking_user: UUID | None = None
) -> Endpoints:
    """Return where the provider is; refuses with 503, and an event, while that is not known."""
    try:  # nobody should wait for a slow provider while they hold a transaction
        return work.run_outside_transaction(client.discovery.find_endpoints)
    except ProviderUnavailable as error:
        log.warning("provider_unavailable", provider=client.config.id, reason=str(error))
        failure = ProviderError("temporarily_unavailable", str(error))
        work.keep(build_event(linking_user, client.config.id, failure))
        message = f"{client.config.name} cannot be reached at the moment. Please try again."
        raise Refusal("SERVICE_UNAVAILABLE", message, headers={"retry-after": "10"}) from None


def _find_client(services: ProviderSignIn, provider_id: str) -> ProviderClient:
    client = services.providers.find(provider_id)
    if client is None:
        raise Refusal("PROVIDER_NOT_FOUND")
    return client


def _read_id_token(body: LinkIdToken) -> PresentedIdToken:
    access, refresh = body.access_token, body.refresh_token
    person = body.user if isinstance(body, SignInIdToken) else None
    return PresentedIdToken(
        Secret(body.token),
        body.nonce,
        Secret(access) if access else None,
        Secret(refresh) if refresh else None,
        person.model_dump_json(by_alias=True) if person else None,
    )


def _redirect(
    work: Work,
    cookies: Cookies,
    client: ProviderClient,
    body: SignInSocial | LinkSocial,
    origin: str,
    linking: Linking | None = None,
) -> Response:
    find_endpoints(work, client, linking.user_id if linking else None)
    targets = Targets(
        body.callback_url or work.settings.base_url,
        body.error_callback_url,
        body.new_user_callback_url if isinstance(body, SignInSocial) else None,
    )
    state, begun = states.begin(work, client.config.id, origin, targets, linking)
    url = client.build_authorization_url(
        AuthorizationRequest(
            state,
            Secret(begun.code_verifier),
            begun.nonce,
            [*(body.scopes or ()), *_list_owner_scopes(work, client)],
            body.login_hint,
            body.additional_params,
        )
    )
    response = Response(ProviderRedirect(url=url, redirect=not body.disable_redirect))
    if not body.disable_redirect:
        response.headers["location"] = header_safe(url)
    response.cookies.append(cookies.set_state(state))
    return response


def _list_owner_scopes(work: Work, client: ProviderClient) -> Sequence[str]:
    """Return what tells the first admin; people who use the app are not asked for it."""
    scopes = client.config.owner_scopes
    return scopes if scopes and work.client.is_panel and not users.admin_exists(work.db) else ()


def _find_origin(
    request: RequestContext,
    context: AppContext,
    client: ProviderClient,
    body: SignInSocial | LinkSocial,
) -> str:
    """Return the origin of the page that asks, whose browser keeps the state.

    An app's browser keeps it for whichever of our origins the app knows. If that is not where the
    provider sends browsers, it is the other one.
    """
    named = request.headers.get(b"origin", b"").decode("latin-1")
    if named.startswith(("http://", "https://")) and context.origins.trusts(named):
        return origin_of(named) or context.runtime.settings.base_url
    settings, sent_to = context.runtime.settings, origin_of(client.config.redirect_uri)
    others = [each for each in settings.own_origins if each != sent_to]
    return others[0] if others and opens_app(body.callback_url or "") else settings.base_url
