"""Signing in and linking with an ID token that the page has got from the provider itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.features.accounts.session_issuer import Challenge, Method
from backend.features.providers import service
from backend.features.providers.client import ProviderClient
from backend.features.providers.errors import ProviderError
from backend.features.providers.profiles import Profile
from backend.features.providers.service import ProvenAccount, ProviderSignIn
from backend.features.providers.states import Linking
from backend.features.providers.token_response import ProviderTokens
from backend.features.sessions.service import IssuedSession
from backend.kernel.events import Event, EventKind
from backend.kernel.refusals import Refusal
from backend.kernel.secrets.secret import BrowserToken, Secret, SessionToken
from backend.storage.work import Work

_LINK_REFUSALS = {
    "unable_to_link_account": "LINKING_NOT_ALLOWED",
    "email_does_not_match": "LINKING_DIFFERENT_EMAILS_NOT_ALLOWED",
    "account_already_linked_to_different_user": "SOCIAL_ACCOUNT_ALREADY_LINKED",
}


@dataclass(frozen=True, slots=True)
class PresentedIdToken:
    """What the page has got, and what the browser sent along."""

    id_token: Secret
    nonce: str | None
    """Compared with the token's, if the page names one."""
    access_token: Secret | None = None
    refresh_token: Secret | None = None
    user: str | None = None
    """What the provider tells the page only, as JSON."""
    presented_tokens: Sequence[SessionToken] = ()
    trusted_browser_tokens: Sequence[BrowserToken] = ()


def sign_in(
    work: Work, services: ProviderSignIn, client: ProviderClient, presented: PresentedIdToken
) -> IssuedSession | Challenge:
    """Sign in, or up, with an ID token; refuses with Better Auth's codes.

    As in Better Auth the browser does not remember it: the page knows its own button.
    """
    proven = _prove(work, client, presented)
    try:
        outcome = service.sign_in(work, services, proven).outcome
        return replace(outcome, last_login_method=None)
    except ProviderError as error:
        _keep_failure(work, client, error.code)
        if error.code == "email_not_found":
            raise _refuse_without_address(client) from None
        raise Refusal("OAUTH_LINK_ERROR", error.code.replace("_", " ")) from None


def link(
    work: Work,
    services: ProviderSignIn,
    client: ProviderClient,
    presented: PresentedIdToken,
    linking: Linking,
) -> None:
    """Add the account of an ID token to a signed-in user; refuses with Better Auth's codes.

    Of an account that is linked already the tokens are stored, whatever its address is now.
    """
    proven = _prove(work, client, presented)
    if proven.profile.email is None:
        raise _refuse_without_address(client)
    try:
        if not service.update_linked(work, services, proven, linking.user_id):
            service.link(work, services, proven, linking)
    except ProviderError as error:
        user_id = linking.user_id
        detail = {"provider": client.config.id, "reason": error.code}
        work.keep(Event(EventKind.ACCOUNT_LINK_FAILED, user_id, user_id, detail))
        raise Refusal(_LINK_REFUSALS[error.code]) from None


def _prove(work: Work, client: ProviderClient, presented: PresentedIdToken) -> ProvenAccount:
    if not client.gives_id_tokens:
        raise Refusal("ID_TOKEN_NOT_SUPPORTED")
    try:
        profile = work.run_outside_transaction(_read, client, presented)
    except ProviderError as error:
        _keep_failure(work, client, error.code)
        raise Refusal("INVALID_TOKEN", status=401) from None
    tokens = ProviderTokens(presented.access_token, presented.refresh_token, presented.id_token)
    return ProvenAccount(
        client,
        profile,
        tokens,
        presented_tokens=presented.presented_tokens,
        trusted_browser_tokens=presented.trusted_browser_tokens,
    )


def _read(client: ProviderClient, presented: PresentedIdToken) -> Profile:
    claims = client.verify_id_token(presented.id_token, presented.nonce)
    return client.read_profile(claims, form_user=presented.user)


def _refuse_without_address(client: ProviderClient) -> Refusal:
    """Refuse an ID token without an address.

    Where the userinfo endpoint tells it, an ID token alone is not enough to know who it is.
    """
    if client.config.preset.id_token_is_complete:
        return Refusal("USER_EMAIL_NOT_FOUND")
    return Refusal("FAILED_TO_GET_USER_INFO", status=401)


def _keep_failure(work: Work, client: ProviderClient, reason: str) -> None:
    detail = {"method": Method.PROVIDER.value, "provider": client.config.id, "reason": reason}
    work.keep(Event(EventKind.SIGN_IN_FAILED, detail=detail))
