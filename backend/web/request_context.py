"""One request as the asynchronous edge sees it."""

from typing import Any

from starlette.types import Receive, Scope

from backend.kernel.client import Client
from backend.kernel.redaction import Redactor
from backend.web.edge.client_address import ClientAddresses

_SHAPES = Redactor()
_LONGEST_AGENT = 512  # characters; what is stored of a User-Agent


class RequestContext:
    """A request's headers, read once, its caller, and the cookies its answer will set."""

    __slots__ = ("_addresses", "_client", "cookies", "found", "headers", "method", "path", "scope")

    def __init__(self, scope: Scope, addresses: ClientAddresses) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers = _read(scope["headers"])
        self.cookies: list[str] = []
        self.found: dict[Any, Any] = {}
        self._addresses = addresses
        self._client: Client | None = None

    @property
    def cookie_header(self) -> bytes:
        return self.headers.get(b"cookie", b"")

    @property
    def client(self) -> Client:
        """The caller, worked out on first use: most session checks never need it."""
        if self._client is None:
            peer = self.scope.get("client") or ("", 0)
            agent = _printable(self.headers.get(b"user-agent", b"").decode("latin-1"))
            # It is stored, and shown. Cut to its length first, half a token might be left.
            agent = _SHAPES.redact_secrets(agent[: 8 * _LONGEST_AGENT])
            self._client = Client(
                address=self._addresses.find(peer[0], self.headers),
                user_agent=agent[:_LONGEST_AGENT],
                request_id=self.scope.get("request_id", ""),
            )
        return self._client


def route_path(scope: Scope) -> str:
    """Return the path as it was declared, `/reset-password/{token}`: what stands in such a place
    may open an account, and is not for logs and the audit trail (ASVS 14.2.1, 16.2.5)."""
    return getattr(scope.get("route"), "path", None) or str(scope["path"])


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the caller hangs up; what is left of the request's body is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


def header_in(headers: list[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """Return the first header of a name, or None."""
    for name, value in headers:
        if name == wanted:
            return value
    return None


def _printable(text: str) -> str:
    # It is shown in logs and lists: nothing in it may move a terminal's cursor.
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def _read(pairs: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in headers:
            headers[name] += (b"; " if name == b"cookie" else b", ") + value
        else:
            headers[name] = value
    return headers
