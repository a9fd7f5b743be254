"""Downloads for admins, streamed through from the API.

The browser has the panel's cookie, which the API does not know; hence the panel's own paths.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from panel.client.api import ApiClient
from panel.client.visitor import CURRENT_ADMIN
from panel.ui import urls, words

DOWNLOADS = {urls.USERS_CSV: "/api/admin/users.csv"}
"""The API's path for each of the panel's paths."""
_PASSED_HEADERS = {b"content-type", b"content-disposition", b"retry-after", b"x-request-id"}


class DownloadProxy:
    """Forwards requests for downloads to the API, as the current admin."""

    def __init__(self, app: ASGIApp, api: ApiClient) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_narrowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].lower() in _PASSED_HEADERS]
                message = {**message, "headers": kept}
            await send(message)

        query = urls.parse_query(scope["query_string"])
        if refused := query.get(urls.REFUSED):  # or everything would come as if it was asked for
            response = JSONResponse({"message": words.UNUSED_FILTER.format(refused)}, 400)
            await response(scope, receive, send)
            return
        await self._app(self._api_scope(scope, query), receive, send_narrowed)

    def _api_scope(self, scope: Scope, query: Mapping[str, str]) -> Scope:
        path = DOWNLOADS[scope["path"]]
        api_headers = self._api.headers(scope[CURRENT_ADMIN].visitor)
        headers = [(name.encode(), value.encode("latin-1")) for name, value in api_headers.items()]
        headers.append((b"host", urlsplit(self._api.base_url).netloc.encode()))
        query_string = urls.encode_query(query).encode()
        kept = {key: scope[key] for key in ("type", "asgi", "http_version", "scheme", "server")}
        return {
            **kept,
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query_string,
            "headers": headers,
            "client": scope["client"],
        }
