"""The page on which people sign out at their provider (OpenID Connect RP-Initiated Logout 1.0)."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from backend.features.providers.client import ProviderClient
from backend.features.providers.registry import Providers
from backend.features.providers.tokens import TokenVault
from backend.features.sessions.provider_sign_out import ProviderSignOutRequest
from backend.kernel.secrets.secret import Secret
from backend.storage.queries import accounts
from backend.storage.work import Work


def find_sign_out_url(
    providers: Providers, vault: TokenVault, work: Work, request: ProviderSignOutRequest
) -> str | None:
    """Return the page of the provider that the user came from last; None if it has none.

    Only what is known of the provider already counts: nobody waits for one to sign out here.
    """
    if not any(client.find_sign_out_page() for client in providers.list_clients()):
        return None
    rows = accounts.list_for_user(work.db, request.user_id)
    for account in sorted(rows, key=lambda each: each.updated_at, reverse=True):
        client = providers.find(account.provider_id)
        page = client.find_sign_out_page() if client else ""
        if client is not None and page:
            return _build_url(client, page, vault.open(account.id_token), request)
    return None


def _build_url(
    client: ProviderClient, page: str, id_token: Secret | None, request: ProviderSignOutRequest
) -> str:
    """Build the URL as Better Auth does: the ID token says who is asked to sign out."""
    target, state = request.target, request.state
    params = {
        "id_token_hint": id_token.reveal() if id_token else "",
        "post_logout_redirect_uri": target,
        "client_id": client.config.client_id if target or id_token is None else "",
        "state": state if target else "",
    }
    parts = urlsplit(page)
    query = {
        **dict(parse_qsl(parts.query)),
        **{name: text for name, text in params.items() if text},
    }
    return parts._replace(query=urlencode(query)).geturl()
