"""A proxy that remembers every secret that passes, so that a test can look for it afterwards."""

import json
import re
from urllib.parse import unquote

import pyotp

from tests.make import READABLE_COOKIE
from tests.rig.proxy import ProxyBehaviour, ProxyRequest, ProxyResponse
from tests.rig.second_step_proxies import CorrectsCodes

_HANDLE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # stands in a token's place


class RecordingProxy(ProxyBehaviour):
    """Changes nothing; `secrets` are passwords of new accounts, and what is handed out: tokens,
    cookies, the secrets of authenticator apps, backup codes."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if "application/json" in response.get_all("content-type"):
            self._keep(_find_field(response.read(), "token"))
        if request.path.endswith("/two-factor/enable") and response.status == 200:
            payload = json.loads(response.read())
            for secret in (pyotp.parse_uri(payload["totpURI"]).secret, *payload["backupCodes"]):
                self._keep(secret)
        if "/sign-up/" in request.path:
            self._keep(_find_field(request.body, "password"))
        for cookie in response.get_all("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            if name != READABLE_COOKIE:
                self._keep(value)
        for token in response.get_all("set-auth-token"):
            self._keep(token)

    def _keep(self, secret: str) -> None:
        if secret:
            self.secrets |= {secret, unquote(secret)}


class CarelessProxy(RecordingProxy):
    """Confirms the end of a session and keeps it alive; lets scripts read the cookies; accepts
    every code of an authenticator app, and whatever a passkey signed."""

    def __init__(self) -> None:
        super().__init__()
        self._codes = CorrectsCodes()

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        self._codes.before(request)
        if not request.path.endswith(("/sign-out", "/revoke-session")):
            return None
        return ProxyResponse(200, [("content-type", "application/json")], [b'{"status": true}'])

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        super().after(request, response)
        self._codes.after(request, response)
        if request.path.endswith("/verify-authentication"):
            response.status = 200
        response.headers = [
            (name, value.replace("; HttpOnly", "")) for name, value in response.headers
        ]


class CookieDroppingProxy(RecordingProxy):
    """Lets no cookie through to the browser."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        super().after(request, response)
        response.drop_headers("set-cookie")


class SessionMixingProxy(RecordingProxy):
    """Answers everybody with the first session it has seen, as a cache at the wrong place does."""

    def __init__(self) -> None:
        super().__init__()
        self.first = b""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        super().after(request, response)
        if request.path.endswith("/get-session"):
            self.first = self.first or response.read()
            response.chunks = [self.first]


def _find_field(body: bytes, name: str) -> str:
    """The secret of this name in a JSON object, or in the `session` of one; or an empty text."""
    try:
        payload = json.loads(body)
    except ValueError:
        return ""
    places = [payload, payload.get("session")] if isinstance(payload, dict) else []
    values = [place.get(name) for place in places if isinstance(place, dict)]
    secrets = [value for value in values if isinstance(value, str) and not _HANDLE.fullmatch(value)]
    return secrets[0] if secrets else ""
