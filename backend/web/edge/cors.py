"""Cross-origin answers: for the trusted origins, and for nobody else."""

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.web.edge.origins import TrustedOrigins
from backend.web.request_context import header_in

Headers = list[tuple[bytes, bytes]]

_VARIES = (b"vary", b"Origin")
_CREDENTIALS = (b"access-control-allow-credentials", b"true")
# Scripts read no other headers across origins; that of a token is named where it is (hand_over.py).
_EXPOSED = (
    b"access-control-expose-headers",
    b"Retry-After, X-Retry-After, X-Request-Id, Content-Disposition",
)
_NOBODY: Headers = [_VARIES]
_ALLOWED = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-max-age", b"600"),
]


class Cors:
    """Says what pages of other origins may read, and answers their preflights (ASVS 3.4.2).

    A foreign origin is never named, and never told that credentials are welcome: on a Space the
    edge in front of us may answer preflights by itself, so the answer proper has to be right.
    """

    def __init__(self, origins: TrustedOrigins) -> None:
        self._origins = origins

    def response_headers(self, origin: bytes | None) -> Headers:
        """Return what an answer to a page of `origin` carries."""
        if origin is None or not self._origins.trusts(origin.decode("latin-1")):
            return _NOBODY
        return [_VARIES, (b"access-control-allow-origin", origin), _CREDENTIALS, _EXPOSED]

    def preflight(self, scope: Scope, origin: bytes | None) -> ASGIApp | None:
        """Return what answers this request if it is the preflight of a trusted origin."""
        if scope["method"] != "OPTIONS" or origin is None:
            return None
        asks = header_in(scope["headers"], b"access-control-request-method")
        return _say_yes if asks and self._origins.trusts(origin.decode("latin-1")) else None


async def _say_yes(scope: Scope, receive: Receive, send: Send) -> None:
    wanted = header_in(scope["headers"], b"access-control-request-headers") or b"content-type"
    headers = [*_ALLOWED, (b"access-control-allow-headers", wanted)]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
