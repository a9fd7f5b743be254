"""Refuses requests whose head is ambiguous, against request smuggling.

If a proxy and a server disagree about where a request ends, or about its host, one client can
prepend data to the next client's request. httptools refuses malformed, repeated and contradicting
lengths and codings; this does the rest (RFC 9112 sections 3.2, 6.1, 6.3; RFC 9110 section 7.2).
"""

import re
from collections.abc import Callable, Sequence

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from backend.kernel.refusals import Refusal
from backend.web.request_context import RawHeaders
from backend.web.responses.responses import JSON, refusal_response

CorsHeaders = Callable[[bytes | None], RawHeaders]
"""Returns the CORS headers of a response to a page of an origin."""

_FRAMING_HEADERS = frozenset((b"host", b"content-length", b"transfer-encoding"))
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ABSOLUTE_TARGET = re.compile(rb"https?://([^/?#]+)/[^#]*", re.IGNORECASE)
_METHOD_AND_SPACE = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+ ")


def read_framing(
    headers: Sequence[tuple[bytes, bytes]],
) -> tuple[bytes | None, int | None, bytes | None]:
    """Return host, content length and transfer coding; refuses two hosts.

    The names are in lower case, and the parser has refused malformed and repeated lengths.
    """
    host = length = coding = None
    for name, value in headers:
        if name in _FRAMING_HEADERS:
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                coding = value.strip().lower()
            elif host is None:
                host = value
            else:
                raise invalid_http()
    return host, length, coding


def check_coding(version: str, coding: bytes | None) -> None:
    """Refuse versions other than 1.0 and 1.1, and transfer codings other than chunked."""
    if version != "1.1" and (version != "1.0" or coding is not None):
        raise invalid_http()
    if coding is not None and coding != b"chunked":
        raise invalid_http()


def check_host(version: str, host: bytes | None) -> None:
    """Refuse an invalid Host header; only HTTP/1.0 may omit it."""
    if host is None and version == "1.0":
        return
    if host is None or not _HOST.fullmatch(host):
        raise invalid_http()


def check_target(method: bytes, target: bytes, host: bytes | None) -> None:
    """Refuse every target but a path, or an http URL whose host is that of the Host header."""
    if method == b"CONNECT":
        raise method_not_allowed()
    if target.startswith(b"/") and b"#" not in target:
        return
    absolute = _ABSOLUTE_TARGET.fullmatch(target)
    if absolute is None or host is None or absolute[1].lower() != host.lower():
        raise invalid_http()


def refusal_for_parse_error(error: httptools.HttpParserError, request_start: bytes) -> Refusal:
    """Return the refusal for a parser's error; `request_start` may be empty if unknown."""
    if isinstance(error.__context__, Refusal):
        return error.__context__
    unknown = isinstance(error, httptools.HttpParserInvalidMethodError)
    if unknown and _METHOD_AND_SPACE.match(request_start):
        return method_not_allowed()
    return invalid_http()


def invalid_http() -> Refusal:
    """Return the refusal of bytes that are not one unambiguous HTTP/1.1 request."""
    return Refusal("BAD_REQUEST", "The request is not valid HTTP/1.1")


def method_not_allowed() -> Refusal:
    """Return the refusal of an unsupported method; 405 must list the others (RFC 9110)."""
    allowed = {"allow": "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"}
    return Refusal("METHOD_NOT_ALLOWED", headers=allowed)


def no_cors_headers(_: bytes | None) -> RawHeaders:
    """Let no other origin read a response."""
    return []


def closing_response(refusal: Refusal, server_headers: RawHeaders) -> bytes:
    """Return the bytes of a whole HTTP response, after which the connection closes."""
    response = refusal_response(refusal)
    body = response.render_body()
    headers = [
        *server_headers,
        (b"content-type", JSON),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
        *((name.encode(), value.encode()) for name, value in response.headers.items()),
    ]
    lines = (name + b": " + value + b"\r\n" for name, value in headers)
    return STATUS_LINE[response.status] + b"".join(lines) + b"\r\n" + body
