"""What goes back: status, body, cookies, headers, in the bytes ASGI wants."""

import json
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from backend.kernel.refusals import Refusal

JSON = b"application/json"
# One object for all the answers that lie ready in memory: small, and never far from the processor.
_SAME_IN_MANY = frozenset({"content-length", "cache-control", "pragma"})
NOT_KEPT = {"pragma": "no-cache"}
"""What Better Auth adds to the answers about a session."""


@dataclass(slots=True)
class Response:
    """One answer. `body` is a model, JSON bytes that are ready, or None for an empty body."""

    body: BaseModel | bytes | None = None
    status: int = 200
    cookies: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    media_type: bytes = JSON
    ready: tuple[dict[str, Any], dict[str, Any]] | None = None

    def packed(self) -> "Response":
        """Prepare the messages once, for an answer that is given many times."""
        self.ready = messages(self, [])
        return self

    def payload(self) -> bytes:
        if isinstance(self.body, BaseModel):
            return _dumped(self.body)
        return self.body or b""


@dataclass(slots=True)
class StreamingResponse:
    """An answer of unknown length, made while it leaves (`backend/web/responses/streaming.py`).

    `pieces` is an asynchronous generator of events, or a synchronous one for a download, each of
    whose pieces is made in a hop to a worker thread and so may ask the database. It does that with
    an `ask` of its own: the handler's Work is committed and over by then. Hold nothing between two
    pieces, for the reader may be slow, and let a download's pieces be large: each costs a hop.
    """

    pieces: AsyncGenerator[bytes, None] | Generator[bytes, None, None]
    media_type: bytes
    status: int = 200
    cookies: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 600
    """How long it may last: a slow reader must not hold it for ever."""
    when_over: Callable[[], None] = lambda: None
    """Called on the event loop when it has ended, however it did."""


def redirect(target: str) -> Response:
    """Send the browser elsewhere; `target` has been checked (`TrustedOrigins.allows_target`)."""
    return Response(status=302, headers={"location": header_safe(target)})


def header_safe(target: str) -> str:
    """Return a URL fit for a header: what is not ASCII is percent-encoded, the rest untouched."""
    return quote(target, safe="!#$%&'()*+,/:;=?@[]~")


def refused(refusal: Refusal) -> Response:
    """Say no in Better Auth's shape: flat `message` and `code`, the latter not always there.

    A refusal with neither has no body.
    """
    if refusal.code is None and not refusal.message:
        return Response(status=refusal.status, headers=refusal.headers)
    said = {"message": refusal.message, "code": refusal.code}
    body = json.dumps({key: value for key, value in said.items() if value is not None})
    return Response(body.encode(), refusal.status, headers=refusal.headers)


def messages(response: Response, more_cookies: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two ASGI messages of an answer; see `head` for its cookies."""
    if response.ready is not None and not more_cookies:
        return response.ready
    payload = response.payload()
    length = _pair("content-length", str(len(payload)))
    has_type = response.status != 404 or bool(payload)
    start = head(response, more_cookies, length, *([_type(response.media_type)] * has_type))
    return start, {"type": "http.response.body", "body": payload}


def head(
    response: Response | StreamingResponse, more_cookies: list[str], *first: tuple[bytes, bytes]
) -> dict[str, Any]:
    """Return the ASGI message with which an answer starts.

    Its cookies are set in their order, even one name twice: what the browser has is deleted first.
    Of `more_cookies` those are left out that the answer sets itself.
    """
    said = {"cache-control": "no-store", **response.headers}  # it depends on who asks (ASVS 14.3.2)
    headers = [*first, *(_pair(name, value) for name, value in said.items())]
    named = {_cookie_name(line) for line in response.cookies}
    lines = [line for line in more_cookies if _cookie_name(line) not in named] + response.cookies
    headers += [(b"set-cookie", line.encode()) for line in lines]
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def _pair(name: str, value: str) -> tuple[bytes, bytes]:
    return _shared_pair(name, value) if name in _SAME_IN_MANY else _encoded(name, value)


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode(), value.encode("latin-1")


@lru_cache(64)
def _type(media_type: bytes) -> tuple[bytes, bytes]:
    return b"content-type", media_type


_shared_pair = lru_cache(1024)(_encoded)


NOT_FOUND = Response(status=404)
"""Unknown path or method: an empty 404, never 405."""


def list_of(models: Iterable[BaseModel]) -> Response:
    """Answer with a JSON array."""
    return Response(b"[" + b",".join(_dumped(each) for each in models) + b"]")


def _cookie_name(line: str) -> str:
    return line.partition("=")[0]


def _dumped(model: BaseModel) -> bytes:
    return model.model_dump_json(by_alias=True).encode()
