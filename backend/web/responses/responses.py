"""Responses: status, body, cookies and headers, and the ASGI messages made of them."""

import json
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from backend.kernel.refusals import Refusal

JSON = b"application/json"
# Prerendered responses share these pairs, which keeps them small and in the processor's cache.
_CACHED_HEADERS = frozenset({"content-length", "cache-control", "pragma"})
NO_CACHE_HEADERS = {"pragma": "no-cache"}
"""The header that Better Auth adds to responses about a session."""


@dataclass(slots=True)
class Response:
    """One response. `body` is a model, rendered JSON, or None for an empty body."""

    body: BaseModel | bytes | None = None
    status: int = 200
    cookies: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    media_type: bytes = JSON
    prerendered: tuple[dict[str, Any], dict[str, Any]] | None = None

    def prerender(self) -> "Response":
        """Render the ASGI messages once, for a response that is sent many times; returns itself."""
        self.prerendered = to_asgi_messages(self, [])
        return self

    def render_body(self) -> bytes:
        if isinstance(self.body, BaseModel):
            return _dump_json(self.body)
        return self.body or b""


@dataclass(slots=True)
class StreamingResponse:
    """A response of unknown length, sent while it is made (`backend/web/responses/streaming.py`).

    `chunks` is an asynchronous generator of events, or a synchronous one for a download. Each chunk
    of a download is made in a worker thread, so it may read the database, in a transaction of its
    own: the handler's Work is committed by then. Hold no resource between two chunks, because the
    reader may be slow, and make the chunks of a download large: each costs a switch of threads.
    """

    chunks: AsyncGenerator[bytes, None] | Generator[bytes, None, None]
    media_type: bytes
    status: int = 200
    cookies: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    max_seconds: float = 600
    """How long it may last: a slow reader must not keep it open for ever."""
    on_close: Callable[[], None] = lambda: None
    """Called on the event loop once it has ended, for whatever reason."""


def redirect(target: str) -> Response:
    """Send the browser elsewhere; `target` has been checked (`TrustedOrigins.allows_target`)."""
    return Response(status=302, headers={"location": header_safe(target)})


def header_safe(target: str) -> str:
    """Percent-encode everything in a URL that is not ASCII; the rest stays as it is."""
    return quote(target, safe="!#$%&'()*+,/:;=?@[]~")


def refusal_response(refusal: Refusal) -> Response:
    """Render a refusal as Better Auth does: a flat object of `message` and, if it has one, `code`.

    A refusal with neither has an empty body.
    """
    if refusal.code is None and not refusal.message:
        return Response(status=refusal.status, headers=refusal.headers)
    fields = {"message": refusal.message, "code": refusal.code}
    body = json.dumps({key: value for key, value in fields.items() if value is not None})
    return Response(body.encode(), refusal.status, headers=refusal.headers)


def to_asgi_messages(
    response: Response, more_cookies: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two ASGI messages of a response; see `start_message` for its cookies."""
    if response.prerendered is not None and not more_cookies:
        return response.prerendered
    payload = response.render_body()
    length = _pair("content-length", str(len(payload)))
    has_type = response.status != 404 or bool(payload)
    start = start_message(
        response, more_cookies, length, *([_content_type(response.media_type)] * has_type)
    )
    return start, {"type": "http.response.body", "body": payload}


def start_message(
    response: Response | StreamingResponse, more_cookies: list[str], *first: tuple[bytes, bytes]
) -> dict[str, Any]:
    """Return the `http.response.start` message of a response.

    Its cookies are set in order, even one name twice: the browser's old cookie is deleted first.
    Cookies of `more_cookies` that the response sets itself are left out.
    """
    # Responses depend on the caller, so no cache may store them (ASVS 14.3.2).
    fields = {"cache-control": "no-store", **response.headers}
    headers = [*first, *(_pair(name, value) for name, value in fields.items())]
    named = {_cookie_name(line) for line in response.cookies}
    lines = [line for line in more_cookies if _cookie_name(line) not in named] + response.cookies
    headers += [(b"set-cookie", line.encode()) for line in lines]
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def _pair(name: str, value: str) -> tuple[bytes, bytes]:
    return _cached_pair(name, value) if name in _CACHED_HEADERS else _encode_pair(name, value)


def _encode_pair(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode(), value.encode("latin-1")


@lru_cache(64)
def _content_type(media_type: bytes) -> tuple[bytes, bytes]:
    return b"content-type", media_type


_cached_pair = lru_cache(1024)(_encode_pair)


NOT_FOUND = Response(status=404)
"""Unknown path or method: an empty 404, never 405."""


def json_array(models: Iterable[BaseModel]) -> Response:
    """Respond with a JSON array."""
    return Response(b"[" + b",".join(_dump_json(each) for each in models) + b"]")


def _cookie_name(line: str) -> str:
    return line.partition("=")[0]


def _dump_json(model: BaseModel) -> bytes:
    return model.model_dump_json(by_alias=True).encode()
