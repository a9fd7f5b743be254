"""Our side of OAuth 2.0 and OpenID Connect: one client for each provider.

Authlib speaks OAuth; what may be asked, and how long it may take, `OutsideTransport` decides.
"""

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from backend.features.providers.authorization_url import (
    AuthorizationRequest,
    build_authorization_url,
)
from backend.features.providers.client_secrets import ClientSecrets
from backend.features.providers.discovery import Discovery, Endpoints
from backend.features.providers.errors import NotGranted, ProviderError, ProviderUnavailable
from backend.features.providers.fetching import fetch_json
from backend.features.providers.id_tokens import UnknownKey, read_claims, verify_id_token
from backend.features.providers.profiles import Answers, NoProfile, Profile, read_profile
from backend.features.providers.token_response import ProviderTokens, read_tokens
from backend.kernel.clock import Clock
from backend.kernel.configuration.provider_presets import ANY
from backend.kernel.configuration.providers import ProviderConfig
from backend.kernel.secrets.secret import Secret
from backend.process.outside_transport import OutsideTransport

_TIMEOUT = 5.0  # seconds for each request
_MAX_SIZE = 1_000_000  # bytes of a response
_LOCKS = 64  # accounts that share one wait for each other


class ProviderClient:
    """One provider; safe to use from several threads."""

    def __init__(self, config: ProviderConfig, clock: Clock, secrets: ClientSecrets) -> None:
        self.config = config
        self._clock = clock
        self._secrets = secrets
        self._transport = OutsideTransport(
            config.host_url, clock, timeout=_TIMEOUT, max_size=_MAX_SIZE
        )
        self._client = httpx2.Client(transport=self._transport, trust_env=False)
        self.discovery = Discovery(config, self._client, clock)
        self._refreshing = tuple(threading.Lock() for _ in range(_LOCKS))

    @property
    def issuer(self) -> str:
        """Who says who somebody is: accounts of another issuer are other people's."""
        return self.config.issuer or self.config.host_url

    @property
    def gives_id_tokens(self) -> bool:
        return bool(self.config.issuer)

    def close(self) -> None:
        self._transport.close()

    def refreshing(self, account_row_id: UUID) -> threading.Lock:
        """Return the lock under which an account's tokens are refreshed."""
        return self._refreshing[account_row_id.int % _LOCKS]

    def build_authorization_url(self, request: AuthorizationRequest) -> str:
        """Return where to send the browser; raises ProviderUnavailable."""
        endpoints = self.discovery.find_endpoints()
        nonce = request.nonce if self.gives_id_tokens else None
        return build_authorization_url(endpoints.authorization_url, self.config, request, nonce)

    def find_sign_out_page(self) -> str:
        """Return where people sign out at the provider too, if that is known; never waits.

        The providers with a preset have no such page in Better Auth: signing out of an app should
        not sign people out of Google.
        """
        return self.discovery.known_sign_out_url if self.config.preset is ANY else ""

    def check_issuer(self, named: str | None) -> None:
        """Raise ProviderError if an answer comes from another provider (RFC 9207)."""
        endpoints = self.discovery.find_endpoints()
        expected = endpoints.issuer or self.config.preset.response_issuer
        if named and expected and named != expected:
            raise ProviderError("issuer_mismatch", f"the answer names {named[:200]}")
        if not named and endpoints.names_issuer:
            raise ProviderError("issuer_missing", "the answer does not name its issuer")

    def exchange(self, code: str, code_verifier: Secret) -> ProviderTokens:
        """Get tokens for a code (RFC 6749, 4.1.3); raises ProviderError."""
        params = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.config.redirect_uri,
            "code_verifier": code_verifier.reveal(),
        }
        return self._ask_for_tokens("invalid_code", params)

    def refresh(self, refresh_token: Secret) -> ProviderTokens:
        """Get new tokens (RFC 6749, section 6); raises ProviderError."""
        params = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return self._ask_for_tokens("invalid_grant", params)

    def load_profile(
        self, tokens: ProviderTokens, nonce: str | None, form_user: str | None = None
    ) -> Profile:
        """Return who has signed in; raises ProviderError.

        From the ID token if there is one, and from the user info where that may know more.
        `form_user` came with the answer, through the browser.
        """
        claims: Mapping[str, Any] = {}
        if tokens.id_token is not None and self.gives_id_tokens:
            claims = self.verify_id_token(tokens.id_token, nonce)
        elif nonce is not None and self.config.issuer:
            raise ProviderError("unable_to_get_user_info", "it gave no ID token")
        preset = self.config.preset
        lacks = preset.userinfo_has_more or not (claims.get("email") and claims.get("name"))
        if lacks and not preset.id_token_is_complete and tokens.access_token:
            claims = self._merge(claims, self._fetch_user_info(tokens.access_token))
        return self.read_profile(claims, tokens.access_token, form_user)

    def load_current_profile(self, access_token: Secret, id_token: Secret | None) -> Profile:
        """Return who these tokens are of, as the provider says now; raises ProviderError.

        Where it has nothing to add to the ID token, that is what it said at the last sign-in.
        """
        if self.config.preset.id_token_is_complete and id_token is not None:
            return self.read_profile(read_claims(id_token))
        return self.read_profile(self._fetch_user_info(access_token), access_token)

    def read_profile(
        self,
        claims: Mapping[str, Any],
        access_token: Secret | None = None,
        form_user: str | None = None,
    ) -> Profile:
        """Read what this provider tells of a person; raises ProviderError if it names nobody."""
        preset, addresses = self.config.preset, None
        if preset.addresses_path and access_token is not None:
            url = self.discovery.find_endpoints().userinfo_url + preset.addresses_path
            try:
                addresses = self.get_json(url, access_token)
            except NotGranted:
                addresses = None  # then no address counts as verified
            except ProviderUnavailable as error:
                raise ProviderError("unable_to_get_user_info", str(error)) from None
        try:
            return read_profile(self.config.reading, Answers(claims, addresses, form_user))
        except NoProfile as error:
            raise ProviderError("unable_to_get_user_info", str(error)) from None

    def verify_id_token(self, token: Secret, nonce: str | None) -> Mapping[str, Any]:
        """Return the claims of an ID token; raises ProviderError.

        Keys that the provider has just begun to use are fetched.
        """
        try:
            endpoints = self.discovery.find_endpoints()
            keys = self.discovery.keys.get()
            arguments = (endpoints, self.config, nonce, self._clock)
            try:
                return verify_id_token(token.reveal(), keys, *arguments)
            except UnknownKey:
                newer = self.discovery.keys.get_newer(keys)
            if newer is None:
                raise UnknownKey
            return verify_id_token(token.reveal(), newer, *arguments)
        except UnknownKey:
            reason = "ID token: none of the provider's keys has signed it"
            raise ProviderError("unable_to_get_user_info", reason) from None
        except ProviderUnavailable as error:
            raise ProviderError("unable_to_get_user_info", str(error)) from None

    def _merge(self, claims: Mapping[str, Any], info: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add user info to the claims of an ID token, of the same person only (OIDC, 5.3.2)."""
        if claims and info.get("sub") != claims.get("sub"):
            if info:
                raise ProviderError("unable_to_get_user_info", "its user info is of somebody else")
            return claims
        merged = {**info, **claims}
        if claims.get("email") != info.get("email"):  # what is said of one says nothing of another
            source = claims if claims.get("email") else info
            merged["email_verified"] = source.get("email_verified")
        return merged

    def _fetch_user_info(self, access_token: Secret) -> Mapping[str, Any]:
        try:
            endpoints = self.discovery.find_endpoints()
            if not endpoints.userinfo_url:
                return {}
            info = self.get_json(endpoints.userinfo_url, access_token)
        except ProviderUnavailable as error:
            raise ProviderError("unable_to_get_user_info", str(error)) from None
        if not isinstance(info, dict):
            raise ProviderError("unable_to_get_user_info", "its user info is no object")
        return info

    def ask(self, url: str) -> httpx2.Response:
        """Send a GET and return whatever comes back; raises ProviderUnavailable."""
        try:
            return self._client.get(url)
        except httpx2.HTTPError as error:
            raise ProviderUnavailable(f"{url}: {error or type(error).__name__}") from None

    def get_json(self, url: str, access_token: Secret) -> Any:
        """Ask an API of the provider on behalf of a person; raises ProviderUnavailable."""
        authorization = f"Bearer {access_token.reveal()}"
        headers = {"authorization": authorization, "user-agent": "Gatehouse"}
        return fetch_json(self._client, url, headers)

    def _ask_for_tokens(self, error_code: str, params: Mapping[str, str]) -> ProviderTokens:
        try:
            endpoints = self.discovery.find_endpoints()
            client = self._build_oauth_client(endpoints)
            answer = client.fetch_token(endpoints.token_url, **params)
            return read_tokens(answer, self._clock.now(), self.config.scopes)
        except OAuthError as error:
            reason = f"the provider refuses: {error.error}"
            raise ProviderError(error_code, reason, str(error.error)) from None
        except ProviderUnavailable as error:
            raise ProviderError(error_code, str(error)) from None
        except (httpx2.HTTPError, ValueError, TypeError, KeyError, RecursionError) as error:
            self.discovery.doubt_endpoints()
            raise ProviderError(error_code, f"token endpoint: {_describe(error)}") from None

    def _build_oauth_client(self, endpoints: Endpoints) -> OAuth2Client:
        secret = self._secrets.get(self.config, self._clock.now())
        method = self.config.preset.token_auth_method
        offered = endpoints.token_auth_methods
        if offered and method not in offered:
            method = "client_secret_basic"
        client_id, password = self.config.client_id, secret.reveal() if secret else None
        if password is not None and method == "client_secret_basic":
            client_id, password = quote_plus(client_id), quote_plus(password)  # RFC 6749, 2.3.1
        return OAuth2Client(
            client_id,
            password,
            token_endpoint_auth_method=method if secret else "none",
            transport=self._transport,
            trust_env=False,
        )


def _describe(error: Exception) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        return f"it answered {error.response.status_code}"  # the message is for developers
    return str(error) or type(error).__name__
