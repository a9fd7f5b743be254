"""Proxies that come between the second step of a sign-in and the server."""

import json

import pyotp

from tests.rig.proxy import ProxyBehaviour, ProxyRequest, ProxyResponse

TWO_FACTOR = "/api/auth/two-factor/"
_BLOCKED = b"<!doctype html><title>Request blocked</title>"


def block(endpoint: str) -> type[ProxyBehaviour]:
    """Block one endpoint of second factors."""
    return block_below(TWO_FACTOR + endpoint)


def block_below(path: str) -> type[ProxyBehaviour]:
    """Block what begins with a path, as a firewall with a list of known paths does."""

    class Blocks(ProxyBehaviour):
        def before(self, request: ProxyRequest) -> ProxyResponse | None:
            if not request.path.startswith(path):
                return None
            return ProxyResponse(403, [("content-type", "text/html")], [_BLOCKED])

    return Blocks


class CorrectsCodes(ProxyBehaviour):
    """Replaces every code by the right one: behind it the server accepts them all."""

    def __init__(self) -> None:
        self._app: pyotp.TOTP | None = None

    def before(self, request: ProxyRequest) -> ProxyResponse | None:
        if self._app is not None and request.path == TWO_FACTOR + "verify-totp":
            request.body = json.dumps({"code": self._app.now()}).encode()
        return None

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if request.path == TWO_FACTOR + "enable":
            app = pyotp.parse_uri(json.loads(response.read())["totpURI"])
            assert isinstance(app, pyotp.TOTP)
            self._app = app


class DropsCookiesOfCodes(ProxyBehaviour):
    """Drops Set-Cookie where a code is answered."""

    def after(self, request: ProxyRequest, response: ProxyResponse) -> None:
        if request.path == TWO_FACTOR + "verify-totp" and b"trustDevice" in request.body:
            response.drop_headers("set-cookie")
