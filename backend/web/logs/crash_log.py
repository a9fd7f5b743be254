"""Logs requests that crashed.

Successful requests are not logged: a line for each session check would halve the server's
throughput. Changes to accounts are logged where they are made.
"""

import re
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kernel.redaction import Redactor
from backend.kernel.refusals import Refusal
from backend.web.request_context import route_path
from backend.web.responses.responses import Response, refusal_response, to_asgi_messages

PARSED_BODY = "parsed_body"
"""Key in the ASGI scope under which an endpoint keeps the parsed body."""
_SECRET_NAME = re.compile(r"password|token|secret|key|code", re.I)
_CREDENTIALS = {b"authorization", b"cookie", b"x-gatehouse-key", b"x-captcha-response"}

log = structlog.get_logger()


def log_crash(scope: Scope) -> Response:
    """Log the exception being handled, and return a plain 500.

    An exception may quote the request, so its passwords, tokens and cookies are redacted, whatever
    their shape (ASVS 16.2.5).
    """
    text = Redactor(_secrets_of(scope)).redact_secrets(traceback.format_exc().rstrip())
    fields = {"request_id": scope["request_id"], "path": route_path(scope)}
    log.error("request_crashed", **fields, exception=text)
    return refusal_response(Refusal("INTERNAL_SERVER_ERROR"))


def _secrets_of(scope: Scope) -> Iterator[str]:
    for name, raw in scope["headers"]:
        if name in _CREDENTIALS:
            value = raw.decode("latin-1")
            pairs = value.split(";") if name == b"cookie" else []
            yield from (pair.partition("=")[2].strip() for pair in pairs)
            yield from (value, value.rpartition(" ")[2])
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    yield from _find_secrets([query, scope.get("path_params"), scope.get(PARSED_BODY)])


def _find_secrets(data: Any) -> Iterator[str]:
    """Yield the strings whose key looks like that of a secret."""
    if isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, str) and _SECRET_NAME.search(name):
                yield value
            yield from _find_secrets(value)
    elif isinstance(data, list):
        for item in data:
            yield from _find_secrets(item)


class CrashMiddleware:
    """Turns an exception of an endpoint in plain FastAPI into a response: a refusal, or a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_mark(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            return await self._app(scope, receive, send_and_mark)
        except Refusal as refusal:
            if started:  # the status has been sent; all that is left is to close the connection
                raise
            response = refusal_response(refusal)
        except Exception:
            response = log_crash(scope)
            if started:  # the server logs what is raised here, and does not redact it
                raise RuntimeError("the answer has broken off") from None
        for message in to_asgi_messages(response, []):
            await send(message)
        return None
