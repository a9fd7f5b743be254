"""Cross-origin resource sharing, for trusted origins only."""

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.web.edge.origins import TrustedOrigins
from backend.web.request_context import RawHeaders, find_header

_VARY = (b"vary", b"Origin")
_CREDENTIALS = (b"access-control-allow-credentials", b"true")
# No other headers can be read across origins; `session_cookies.py` adds that of the token.
_EXPOSED = (
    b"access-control-expose-headers",
    b"Retry-After, X-Retry-After, X-Request-Id, Content-Disposition",
)
_UNTRUSTED: RawHeaders = [_VARY]
_PREFLIGHT_HEADERS = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-max-age", b"600"),
]


class Cors:
    """Adds CORS headers and answers the preflight requests of trusted origins (ASVS 3.4.2).

    Other origins are never allowed, with or without credentials. That holds for every response: on
    a Space the proxy in front may answer preflight requests itself.
    """

    def __init__(self, origins: TrustedOrigins) -> None:
        self._origins = origins

    def response_headers(self, origin: bytes | None) -> RawHeaders:
        """Return the CORS headers of a response to a page of `origin`."""
        if origin is None or not self._origins.trusts(origin.decode("latin-1")):
            return _UNTRUSTED
        return [_VARY, (b"access-control-allow-origin", origin), _CREDENTIALS, _EXPOSED]

    def preflight(self, scope: Scope, origin: bytes | None) -> ASGIApp | None:
        """Return the response to this request if it is the preflight of a trusted origin."""
        if scope["method"] != "OPTIONS" or origin is None:
            return None
        method = find_header(scope["headers"], b"access-control-request-method")
        is_trusted = method and self._origins.trusts(origin.decode("latin-1"))
        return _send_preflight if is_trusted else None


async def _send_preflight(scope: Scope, receive: Receive, send: Send) -> None:
    names = find_header(scope["headers"], b"access-control-request-headers") or b"content-type"
    headers = [*_PREFLIGHT_HEADERS, (b"access-control-allow-headers", names)]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
