"""Requests to this server over TCP, as only the real server shows its real headers."""

import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from doctor.client.sites import is_same_site
from panel.client import words
from panel.client.api import origin_of
from panel.ports import Clock, PanelSettings

_WILDCARD_HOSTS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  not bound here
_TIMEOUT = httpx.Timeout(20, connect=3)  # seconds; a sign-in may wait in the hash queue
_STREAM_TIMEOUT = 60.0  # seconds; an endless stream is cut off
_MAX_BODY = 256 * 1024
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # http only: spares httpx loading certificates
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,253}")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x20-\x7e]{0,4000}")
_FORBIDDEN_HEADERS = {"host", "content-length", "transfer-encoding", "connection", "cookie"}


@dataclass(frozen=True)
class Call:
    """A request to send. A `body` that is not empty is sent unchanged, as JSON.

    `origin` is the sending page's, ours if empty. `address` is the client address that rate limits
    and the audit trail see, the admin's if empty. `headers` are added to a browser's own.
    """

    method: str
    path: str
    body: str = ""
    origin: str = ""
    address: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SentRequest:
    """A request as it was sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True)
class ReceivedResponse:
    """A response as it was received. `is_truncated`: the body was longer than is kept."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    milliseconds: float
    is_truncated: bool = False
    arrivals: tuple[tuple[float, bytes], ...] = ()
    """Of an event stream: the pieces, and after how many milliseconds each came."""
    is_complete: bool = True
    """Whether nothing more will come."""

    def header(self, name: str) -> str:
        """Return the first header of a name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def set_cookies(self) -> list[str]:
        """Return every Set-Cookie line."""
        return [value for key, value in self.headers if key.lower() == "set-cookie"]


class InvalidCall(Exception):
    """The call cannot be sent; the message says why."""


class NoResponse(Exception):
    """The server did not answer; the message says what happened."""


class Loopback:
    """Sends requests to this server as a page would: one at its public URL or of another site."""

    def __init__(
        self,
        settings: PanelSettings,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        self._base = httpx.URL(f"http://{local_address(settings)}")
        self.public_url = settings.base_url
        self.origin = origin_of(settings.base_url)
        self._host = self.origin.partition("://")[2]
        self._transport = transport

    def is_foreign(self, call: Call) -> bool:
        """Tell whether the sending page is of another origin."""
        return call.origin not in {"", self.origin}

    async def send(
        self, call: Call, cookies: str, address: str
    ) -> tuple[SentRequest, ReceivedResponse]:
        """Send a call and return the complete response; raises InvalidCall or NoResponse."""
        async for step in self.stream(call, cookies, address):
            latest = step
        return latest

    async def stream(
        self, call: Call, cookies: str, address: str
    ) -> AsyncIterator[tuple[SentRequest, ReceivedResponse]]:
        """Send a call and yield its response: an event stream as it grows, others complete.

        `address` is sent as X-Forwarded-For: the server is its own proxy here. Raises InvalidCall
        or NoResponse.
        """
        headers = self._headers(call, cookies, call.address or address)
        url = self._base.copy_with(raw_path=_check_path(call.path).encode())
        async with httpx.AsyncClient(
            transport=self._transport, verify=_NO_TLS, timeout=_TIMEOUT, trust_env=False
        ) as client:
            content = call.body.encode(errors="surrogatepass") or None
            request = client.build_request(call.method, url, headers=headers, content=content)
            try:
                async for response in self._receive(client, request):
                    yield _to_request(request, call), response
            except httpx.TimeoutException as error:
                raise NoResponse(words.TIMED_OUT) from error
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise NoResponse(words.no_response(str(self._base), error)) from error

    async def _receive(
        self, client: httpx.AsyncClient, request: httpx.Request
    ) -> AsyncIterator[ReceivedResponse]:
        """Read the body, of a long one a little more than is kept."""
        started = self._clock.monotonic()
        response = await client.send(request, stream=True)
        is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        body, arrivals = bytearray(), []
        async for chunk in response.aiter_bytes():
            body += chunk
            if is_stream:
                arrivals.append((1000 * (self._clock.monotonic() - started), chunk))
                yield _to_response(response, body, arrivals, arrivals[-1][0], is_complete=False)
            if len(body) > _MAX_BODY or self._clock.monotonic() - started > _STREAM_TIMEOUT:
                break
        await response.aclose()
        took = 1000 * (self._clock.monotonic() - started)
        yield _to_response(response, body, arrivals, took)

    def _headers(self, call: Call, cookies: str, address: str) -> dict[str, str]:
        is_foreign = self.is_foreign(call)
        is_write = call.method not in {"GET", "HEAD", "OPTIONS"}
        custom = {name: value for name, value in call.headers if _is_allowed_header(name, value)}
        standard = {
            "Host": self._host,
            "Accept": "application/json, */*",
            "User-Agent": "Gatehouse-Tester",
            "Origin": _check_origin(call.origin) if is_foreign else self.origin if is_write else "",
            "Sec-Fetch-Site": self._site_of(call.origin) if is_foreign else "same-origin",
            "Sec-Fetch-Mode": "cors",
            "Sec-Fetch-Dest": "empty",
            "Content-Type": "application/json" if call.body else "",
            "Cookie": cookies,
            "X-Forwarded-For": address,
        }
        custom_names = {name.lower() for name in custom}
        headers = {
            name: value
            for name, value in standard.items()
            if value and name.lower() not in custom_names
        }
        return headers | custom

    def _site_of(self, origin: str) -> str:
        return "same-site" if is_same_site(origin, self.origin) else "cross-site"


def local_address(settings: PanelSettings) -> str:
    """Return the address of the server on this machine: `127.0.0.1:7860`."""
    host = _WILDCARD_HOSTS.get(settings.host, settings.host)
    return f"[{host}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"


def is_loopback_url(url: str) -> bool:
    """Tell whether a URL can only be reached from this machine."""
    return (urlsplit(url).hostname or "") in {"localhost", "127.0.0.1", "::1"}


def _check_path(path: str) -> str:
    if not path.startswith("/"):
        raise InvalidCall(words.PATH_WITHOUT_SLASH)
    if len(path) > 2000 or any(not "!" <= char <= "~" or char == "#" for char in path):
        raise InvalidCall(words.INVALID_PATH)
    return path


def _check_origin(origin: str) -> str:
    if origin != "null" and not _ORIGIN.fullmatch(origin):
        raise InvalidCall(words.INVALID_ORIGIN)
    return origin


def _is_allowed_header(name: str, value: str) -> bool:
    if name.lower() in _FORBIDDEN_HEADERS:
        raise InvalidCall(words.FORBIDDEN_HEADER.format(name))
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise InvalidCall(words.INVALID_HEADER)
    return True


def _to_request(request: httpx.Request, call: Call) -> SentRequest:
    path = request.url.raw_path.decode("ascii")
    return SentRequest(request.method, path, _decode_headers(request.headers), call.body)


def _to_response(
    response: httpx.Response,
    body: bytearray,
    arrivals: list[tuple[float, bytes]],
    milliseconds: float,
    *,
    is_complete: bool = True,
) -> ReceivedResponse:
    return ReceivedResponse(
        response.status_code,
        response.reason_phrase,
        _decode_headers(response.headers),
        bytes(body[:_MAX_BODY]),
        milliseconds,
        is_truncated=len(body) > _MAX_BODY,
        arrivals=tuple(arrivals),
        is_complete=is_complete,
    )


def _decode_headers(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    return tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in headers.raw)
