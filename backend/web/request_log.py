"""A log line for what went wrong.

Nothing is logged for a request that went well: a line for each session check would halve what the
server can do. What happened to accounts is logged where it happens.
"""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kernel.refusals import Refusal
from backend.web.answers import Answer, messages, refused
from backend.web.visit import route_of

log = structlog.get_logger()


def crashed(scope: Scope) -> Answer:
    """Log the exception that is being treated, and return what the caller hears: a plain 500."""
    log.exception("request_crashed", request_id=scope["request_id"], path=route_of(scope))
    return refused(Refusal("INTERNAL_SERVER_ERROR"))


class CrashAnswer:
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
            answer = refused(refusal)
        except Exception:
            answer = crashed(scope)
            if started:
                raise
        for message in messages(answer, []):
            await send(message)
        return None
