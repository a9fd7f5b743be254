"""Where a browser is sent to sign in at a provider (RFC 6749, 4.1.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from backend.kernel.configuration.providers import ProviderConfig
from backend.kernel.secrets.secret import Secret

RESERVED = (
    *("state", "client_id", "redirect_uri", "response_type"),
    *("code_challenge", "code_challenge_method", "nonce", "scope"),
)
"""Parameters of the authorization URL that are ours alone, in the order in which Better Auth names
them: another value would undo what binds the answer to this browser."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What is peculiar to one sign-in when a browser is sent to the provider."""

    state: Secret
    code_verifier: Secret
    nonce: str
    scopes: Sequence[str] = ()
    """Asked for besides those of the settings."""
    login_hint: str | None = None
    params: Mapping[str, str] | None = None
    """Further parameters; they cannot replace the RESERVED ones."""


def build_authorization_url(
    endpoint: str, config: ProviderConfig, request: AuthorizationRequest, nonce: str | None
) -> str:
    """Build the URL, with PKCE (RFC 7636), and a nonce for a provider that gives ID tokens.

    The parameters come in Better Auth's order.
    """
    preset = config.preset
    scopes = [*request.scopes, *config.scopes]
    if preset.name:  # Better Auth begins with the preset's own
        scopes = [*config.scopes, *request.scopes]
    needs_openid = nonce is not None and config.scopes != preset.scopes
    if needs_openid and "openid" not in scopes:
        scopes.insert(0, "openid")
    params = {
        "response_type": "code",
        "client_id": config.client_id,
        "state": request.state.reveal(),
        "scope": " ".join(scopes),
        "redirect_uri": config.redirect_uri,
        "login_hint": request.login_hint,
        "nonce": nonce,
        "response_mode": preset.response_mode,
        "code_challenge_method": "S256",
        "code_challenge": create_s256_code_challenge(request.code_verifier.reveal()),
    }
    ours = {name: value for name, value in params.items() if value}
    more = {**preset.authorization_params, **(request.params or {})}
    query = {**ours, **{name: text for name, text in more.items() if name not in RESERVED}}
    return _add_query(endpoint, query)


def _add_query(endpoint: str, params: Mapping[str, str]) -> str:
    """Add parameters to what an endpoint has of its own, whose text stays; ours replace those.

    Encoded as JavaScript's URLSearchParams does, for Better Auth's URLs.
    """
    url, _, own = endpoint.partition("?")
    pairs = [each for each in own.split("&") if each]
    kept = [each for each in pairs if unquote_plus(each.partition("=")[0]) not in params]
    return f"{url}?{'&'.join([*kept, urlencode(params, safe='*').replace('~', '%7E')])}"
