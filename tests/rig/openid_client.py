"""A client of an OpenID provider, for what a page or an app gets from it without a server."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx

from tests.rig.openid_provider import Realm

NONCE = "a nonce"


class OpenIdClient:
    """As small a client as can be: it takes everything that it is told for true."""

    def __init__(self, realm: Realm, http: httpx.Client, redirect_uri: str) -> None:
        self.realm, self.http, self.redirect_uri = realm, http, redirect_uri
        self.endpoints = http.get(f"{realm.issuer}/.well-known/openid-configuration").json()
        self._verifier = "a verifier of at least forty-three characters".replace(" ", "-")

    def url(self, **changes: str | None) -> str:
        challenge = urlsafe_b64encode(sha256(self._verifier.encode()).digest()).decode()
        parameters = {
            "response_type": "code",
            "client_id": self.realm.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email",
            "state": "state",
            "nonce": NONCE,
            "code_challenge": challenge.rstrip("="),
            "code_challenge_method": "S256",
        }
        chosen = {name: value for name, value in (parameters | changes).items() if value}
        return f"{self.endpoints['authorization_endpoint']}?{urlencode(chosen)}"

    def exchange(self, code: str, **options: Any) -> httpx.Response:
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self._verifier,
        }
        return self.token(body, **options)

    def token(self, body: dict[str, str], by_post: bool = False) -> httpx.Response:
        secret = self.realm.client_secret
        if by_post:
            credentials = {"client_id": self.realm.client_id, "client_secret": secret}
            return self.http.post(self.endpoints["token_endpoint"], data=body | credentials)
        basic = (self.realm.client_id, quote_plus(secret))  # RFC 6749, 2.3.1
        return self.http.post(self.endpoints["token_endpoint"], data=body, auth=basic)

    def key_ids(self) -> list[str]:
        keys = self.http.get(self.endpoints["jwks_uri"]).json()["keys"]
        return [key["kid"] for key in keys]

    def get_tokens(self, person: dict[str, Any], **changes: str | None) -> dict[str, Any]:
        """Return what the token endpoint gives for a person, with other request parameters."""
        answer = self.realm.answer(self.url(**changes), person)
        tokens: dict[str, Any] = self.exchange(answer["code"]).json()
        return tokens
