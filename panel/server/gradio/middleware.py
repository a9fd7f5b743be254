"""What stands around Gradio: it sees only what it needs, and its page gets a policy."""

import base64
import gzip
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from panel.ports import PanelSettings, Randomness
from panel.server import content_security_policy, paths, static_files
from panel.ui import urls

# Gradio derives its own address from X-Forwarded-Host and X-Gradio-Server, which anybody may send,
# and answers any Origin. It needs neither, nor the cookies: who is there is in the scope.
_PASSED_ON = {
    b"accept",
    b"accept-encoding",
    b"content-length",
    b"content-type",
    b"host",
    b"if-modified-since",
    b"if-none-match",
    b"user-agent",
}
_SCRIPT = re.compile(rb"<script(?=[\s>])")
_MANIFEST = b'<link rel="manifest" href="/manifest.json" />'
_CACHED = {
    "/admin/assets/": b"private, max-age=31536000, immutable",  # their names carry a digest
    "/admin/static/": b"private, max-age=86400",
}


class GradioMiddleware:
    """Hands Gradio a narrowed request and writes the nonce into the scripts of its page."""

    def __init__(self, app: ASGIApp, settings: PanelSettings, randomness: Randomness) -> None:
        self._gradio = app
        self._settings = settings
        self._randomness = randomness
        self._https = settings.base_url.startswith("https://")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._gradio(scope, receive, send)
            return
        is_page = paths.is_page(scope["path"])
        gzips = b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
        answer = (
            self._with_nonce(send, gzips) if is_page else _with_cache_headers(scope["path"], send)
        )
        await self._gradio(self._narrow_scope(scope, is_page), receive, answer)

    def _narrow_scope(self, scope: Scope, is_page: bool) -> Scope:
        # The nonce is written into the page, so it must not come compressed.
        passed_on = _PASSED_ON - {b"accept-encoding"} if is_page else _PASSED_ON
        headers = [(name, value) for name, value in scope["headers"] if name in passed_on]
        if self._https:
            headers.append((b"x-forwarded-proto", b"https"))
        return {**scope, "headers": headers, "query_string": _gradio_query(scope, is_page)}

    def _with_nonce(self, send: Send, gzips: bool) -> Send:
        start: Message = {}
        body = bytearray()

        async def send_page(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            nonce = base64.urlsafe_b64encode(self._randomness.bytes(18)).decode()
            page = _add_nonce(bytes(body), nonce.encode())
            csp = content_security_policy.gradio_page(self._settings, nonce).encode()
            headers = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
            if gzips:  # nothing in it repeats what a stranger sends, so its length tells nothing
                page = gzip.compress(page, compresslevel=5)
                headers.append((b"content-encoding", b"gzip"))
            headers += [
                (b"vary", b"accept-encoding"),
                (b"content-length", str(len(page)).encode()),
                (b"content-security-policy", csp),
            ]
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": page})

        return send_page


def _gradio_query(scope: Scope, is_page: bool) -> bytes:
    """Return the query that Gradio sees: none at a page, which its events repeat, narrowed."""
    if is_page:
        return b""
    query_string: bytes = scope["query_string"]
    return (
        urls.encode_query(urls.parse_query(query_string)).encode()
        if scope["path"] == paths.JOIN
        else query_string
    )


def _add_nonce(page: bytes, nonce: bytes) -> bytes:
    page = page.replace(_MANIFEST, static_files.IN_PAGE.encode())
    return _SCRIPT.sub(b'<script nonce="' + nonce + b'"', page)


def _with_cache_headers(path: str, send: Send) -> Send:
    cache_control = next(
        (value for prefix, value in _CACHED.items() if path.startswith(prefix)), None
    )
    if cache_control is None:
        return send

    async def send_cached(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in {200, 304}:
            kept = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
            message = {**message, "headers": [*kept, (b"cache-control", cache_control)]}
        await send(message)

    return send_cached
