"""Requests to this very server over TCP: only the real server shows its real headers."""

import ssl
from dataclasses import dataclass

import httpx

from panel import words
from panel.api import origin_of
from panel.given import Clock, PanelSettings

_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  not bound here
_WITHIN = httpx.Timeout(20, connect=3)  # seconds; a sign-in may wait in the queue for hashing
_BODY_AT_MOST = 256 * 1024
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # http only: spares httpx loading certificates


@dataclass(frozen=True)
class Call:
    """What to send. `body` is sent as it stands, as JSON, unless it is empty."""

    method: str
    path: str
    body: str = ""


@dataclass(frozen=True)
class Request:
    """A request as it went out."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True)
class Response:
    """An answer as it came in. `cut` tells that the body was longer than is kept."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    milliseconds: float
    cut: bool = False

    def header(self, name: str) -> str:
        """Return a header's value, the first of its name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def set_cookies(self) -> list[str]:
        """Return every Set-Cookie line."""
        return [value for key, value in self.headers if key.lower() == "set-cookie"]


class CallRefused(Exception):
    """The call cannot be sent; the message says why, for whoever wrote it."""


class NoAnswer(Exception):
    """The server did not answer; the message says what happened."""


class Loopback:
    """Sends to this server as if from a page of its own at the public URL."""

    def __init__(
        self,
        settings: PanelSettings,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._clock = clock
        host = _EVERYWHERE.get(settings.host, settings.host)
        host = f"[{host}]" if ":" in host else host
        self._base = httpx.URL(f"http://{host}:{settings.port}")
        self._origin = origin_of(settings.base_url)
        self._host = self._origin.partition("://")[2]
        self._transport = transport

    async def send(self, call: Call, cookies: str, address: str) -> tuple[Request, Response]:
        """Send a call; raises CallRefused or NoAnswer.

        `address` is whom limits and the audit trail shall see: this server is its own proxy here.
        """
        headers = self._headers(call, cookies, address)
        url = self._base.copy_with(raw_path=_checked(call.path).encode())
        async with httpx.AsyncClient(
            transport=self._transport, verify=_NO_TLS, timeout=_WITHIN, trust_env=False
        ) as client:
            content = call.body.encode(errors="surrogatepass") or None
            request = client.build_request(call.method, url, headers=headers, content=content)
            began = self._clock.monotonic()
            try:
                response = await client.send(request, stream=True)
                body = await _read(response)
            except httpx.TimeoutException as error:
                raise NoAnswer(words.NO_ANSWER_IN_TIME) from error
            except httpx.TransportError as error:
                raise NoAnswer(words.no_answer(str(self._base), error)) from error
            took = self._clock.monotonic() - began
        return _as_sent(request, call), _as_received(response, body, took)

    def _headers(self, call: Call, cookies: str, address: str) -> dict[str, str]:
        writes = call.method not in {"GET", "HEAD", "OPTIONS"}
        told = {
            "Host": self._host,
            "Accept": "application/json, */*",
            "User-Agent": "Gatehouse-Tester",
            "Origin": self._origin if writes else "",
            "Content-Type": "application/json" if call.body else "",
            "Cookie": cookies,
            "X-Forwarded-For": address,
        }
        return {name: value for name, value in told.items() if value}


def _checked(path: str) -> str:
    if not path.startswith("/"):
        raise CallRefused(words.PATH_WITHOUT_SLASH)
    if len(path) > 2000 or any(not "!" <= char <= "~" or char == "#" for char in path):
        raise CallRefused(words.PATH_WITH_ODD_CHARACTERS)
    return path


def _as_sent(request: httpx.Request, call: Call) -> Request:
    path = request.url.raw_path.decode("ascii")
    return Request(request.method, path, _decoded(request.headers), call.body)


async def _read(response: httpx.Response) -> bytes:
    """Read a body, and of a long one a little more than is kept."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _BODY_AT_MOST:
            break
    await response.aclose()
    return bytes(body[: _BODY_AT_MOST + 1])


def _as_received(response: httpx.Response, body: bytes, seconds: float) -> Response:
    return Response(
        response.status_code,
        response.reason_phrase,
        _decoded(response.headers),
        body[:_BODY_AT_MOST],
        seconds * 1000,
        cut=len(body) > _BODY_AT_MOST,
    )


def _decoded(headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    return tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in headers.raw)
