"""Narrows the requests that Gradio sees, and adds header, nonce and caching to its responses."""

import base64
import gzip
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from panel.client.visitor import CURRENT_ADMIN
from panel.pages import PAGES
from panel.ports import PanelSettings, Randomness
from panel.server import content_security_policy, paths, static_files
from panel.server.gradio.header import render_header
from panel.ui import urls
from panel.ui.markup import Markup

# Gradio derives its own address from X-Forwarded-Host and X-Gradio-Server, which anyone may send,
# and accepts any Origin. It needs neither, nor the cookies: the current admin is in the scope.
_PASSED_HEADERS = {
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
_BODY = re.compile(rb"<body[^>]*>")
_MANIFEST = b'<link rel="manifest" href="/manifest.json" />'
_CACHED = {
    "/admin/assets/": "private, max-age=31536000, immutable",  # their names carry a digest
    "/admin/static/": "private, max-age=86400",
}


class GradioMiddleware:
    """Passes on only the headers Gradio needs, and adds a nonce to the scripts of its pages."""

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
        use_gzip = b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")
        wrapped_send = (
            self._with_nonce(scope, send, use_gzip)
            if is_page
            else _with_caching(scope["path"], send)
        )
        await self._gradio(self._narrow_scope(scope, is_page), receive, wrapped_send)

    def _narrow_scope(self, scope: Scope, is_page: bool) -> Scope:
        # The nonce is written into the page, so it must not come compressed.
        passed_on = _PASSED_HEADERS - {b"accept-encoding"} if is_page else _PASSED_HEADERS
        headers = [(name, value) for name, value in scope["headers"] if name in passed_on]
        if self._https:
            headers.append((b"x-forwarded-proto", b"https"))
        return {**scope, "headers": headers, "query_string": _gradio_query(scope, is_page)}

    def _with_nonce(self, scope: Scope, send: Send, use_gzip: bool) -> Send:
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
            page = _add_nonce(self._add_own_parts(bytes(body), scope), nonce.encode())
            csp = content_security_policy.gradio_page(self._settings, nonce)
            headers = MutableHeaders(scope=start)
            if use_gzip:  # no input of the request is repeated in it, so its length leaks nothing
                page = gzip.compress(page, compresslevel=5)
                headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(page))
            headers["content-security-policy"] = csp
            headers.add_vary_header("accept-encoding")
            await send(start)
            await send({"type": "http.response.body", "body": page})

        return send_page

    def _add_own_parts(self, page: bytes, scope: Scope) -> bytes:
        """Add our part of the head, with a title of its own for each page, and the header.

        Gradio has one title for all; panel.js keeps this one.
        """
        path, admin = scope["path"], scope[CURRENT_ADMIN]
        title = title_of(path, self._settings.app_name)
        head = Markup("<title>{}</title>{}").format(title, Markup(static_files.HEAD_HTML))  # noqa: S704  ours
        page = page.replace(_MANIFEST, head.encode(), 1)
        header = render_header(path, self._settings, admin.email).encode()
        return _BODY.sub(lambda tag: tag[0] + header, page, count=1)


def title_of(path: str, app_name: str) -> str:
    """Return the title of a page's tab: “Users · Gatehouse”."""
    title = next(page.title for page in PAGES if f"/admin/{page.slug}" == path)
    return f"{title} · {app_name}"


def _gradio_query(scope: Scope, is_page: bool) -> bytes:
    """Return the query for Gradio: none for a page; its events carry the allowed parameters."""
    query_string: bytes = b"" if is_page else scope["query_string"]
    if scope["path"] != paths.JOIN:
        return query_string
    return urls.encode_query(urls.parse_query(query_string)).encode()


def _add_nonce(page: bytes, nonce: bytes) -> bytes:
    return _SCRIPT.sub(b'<script nonce="' + nonce + b'"', page)


def _with_caching(path: str, send: Send) -> Send:
    prefix = next(filter(path.startswith, _CACHED), None)
    if prefix is None:
        return send
    cache_control = _CACHED[prefix]

    async def send_cached(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in {200, 304}:
            MutableHeaders(scope=message)["cache-control"] = cache_control
        await send(message)

    return send_cached
