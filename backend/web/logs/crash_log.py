"""A log line for what went wrong.

Nothing is logged for a request that went well: a line for each session check would halve what the
server can do. What happened to accounts is logged where it happens.
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
from backend.web.request_context import route_of
from backend.web.responses.responses import Response, messages, refused

PARSED_BODY = "parsed_body"
"""Where in the ASGI scope an endpoint leaves what it was sent."""
_TELLING = re.compile(r"password|token|secret|key|code", re.I)
_CREDENTIALS = {b"authorization", b"cookie", b"x-gatehouse-key"}

log = structlog.get_logger()


def crashed(scope: Scope) -> Response:
    """Log the exception that is being treated, and return what the caller hears: a plain 500.

    An exception may quote what the request brought along: its passwords, tokens and cookies are
    taken out, whatever their shape (ASVS 16.2.5).
    """
    told = Redactor(_secrets_of(scope)).redact_secrets(traceback.format_exc().rstrip())
    named = {"request_id": scope["request_id"], "path": route_of(scope)}
    log.error("request_crashed", **named, exception=told)
    return refused(Refusal("INTERNAL_SERVER_ERROR"))


def _secrets_of(scope: Scope) -> Iterator[str]:
    for name, raw in scope["headers"]:
        if name in _CREDENTIALS:
            value = raw.decode("latin-1")
            pairs = value.split(";") if name == b"cookie" else []
            yield from (pair.partition("=")[2].strip() for pair in pairs)
            yield from (value, value.rpartition(" ")[2])
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    yield from _telling([query, scope.get("path_params"), scope.get(PARSED_BODY)])


def _telling(said: Any) -> Iterator[str]:
    """Yield the texts that stand under a telling name."""
    if isinstance(said, dict):
        for name, value in said.items():
            if isinstance(value, str) and _TELLING.search(name):
                yield value
            yield from _telling(value)
    elif isinstance(said, list):
        for each in said:
            yield from _telling(each)


class CrashResponse:
    """Turns what an endpoint in plain FastAPI raises into an answer: a refusal, or a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            return await self._app(scope, receive, send_and_note)
        except Refusal as refusal:
            if started:  # the status is out; closing the connection is the only honest end
                raise
            response = refused(refusal)
        except Exception:
            response = crashed(scope)
            if started:  # logged again below, where nothing is taken out of it
                raise RuntimeError("the answer has broken off") from None
        for message in messages(response, []):
            await send(message)
        return None
