"""One request, as the event loop handles it."""

from starlette.types import Receive, Scope

from backend.kernel.client import Client
from backend.kernel.redaction import Redactor
from backend.web.edge.client_address import ClientAddresses

RawHeaders = list[tuple[bytes, bytes]]
"""Headers as ASGI has them: names in lower case, in order, repeated ones too."""
CAPTCHA_HEADER = b"x-captcha-response"
FROM_PANEL = "gatehouse.from_panel"
"""Key in the ASGI scope of what the panel in this process sends. No request from outside has it:
the server makes their scopes."""
_REDACTOR = Redactor()
_MAX_USER_AGENT_LENGTH = 512  # characters that are stored


class RequestContext:
    """A request's parsed headers, its client, and the cookies its response will set."""

    __slots__ = ("_addresses", "_client", "cookies", "headers", "method", "path", "scope")

    def __init__(self, scope: Scope, addresses: ClientAddresses) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers = _parse_headers(scope["headers"])
        self.cookies: list[str] = []

        self._addresses = addresses
        self._client: Client | None = None

    @property
    def cookie_header(self) -> bytes:
        return self.headers.get(b"cookie", b"")

    @property
    def is_from_frontend(self) -> bool:
        """Whether it shows the key that only our own frontend knows."""
        return self._addresses.shows_frontend_key(self.headers)

    @property
    def is_from_panel(self) -> bool:
        """Whether the panel in this process sends it."""
        return self.scope.get(FROM_PANEL) is True

    @property
    def client(self) -> Client:
        """The client, determined on first use: most session checks do not need it."""
        if self._client is None:
            peer = self.scope.get("client") or ("", 0)
            agent = _printable(self.headers.get(b"user-agent", b"").decode("latin-1"))
            # It is stored and shown. Cut to length before redaction, half a token might be left.
            agent = _REDACTOR.redact_secrets(agent[: 8 * _MAX_USER_AGENT_LENGTH])
            self._client = Client(
                address=self._addresses.find(peer[0], self.headers),
                user_agent=agent[:_MAX_USER_AGENT_LENGTH],
                request_id=self.scope.get("request_id", ""),
                is_panel=self.is_from_panel,
            )
        return self._client


def route_path(scope: Scope) -> str:
    """Return the declared path, such as `/reset-password/{token}`: path parameters may be secret
    and must not appear in logs or the audit trail (ASVS 14.2.1, 16.2.5)."""
    return getattr(scope.get("route"), "path", None) or str(scope["path"])


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client disconnects; the rest of the request's body is discarded."""
    while (await receive())["type"] != "http.disconnect":
        pass


def find_header(headers: RawHeaders, name: bytes) -> bytes | None:
    """Return the value of the first header of this name, or None."""
    for key, value in headers:
        if key == name:
            return value
    return None


def _printable(text: str) -> str:
    # It is shown in logs and lists, so it must not contain terminal control characters.
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def _parse_headers(pairs: RawHeaders) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in headers:
            headers[name] += (b"; " if name == b"cookie" else b", ") + value
        else:
            headers[name] = value
    return headers
