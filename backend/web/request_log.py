"""A request id for everything, and a log line for what went wrong."""

import itertools

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.kernel.randomness import Randomness
from backend.kernel.refusals import Refusal
from backend.web.answers import messages, refused

log = structlog.get_logger()


class RequestLog:
    """Numbers each request, tells its number to the caller, and turns a crash into a plain 500.

    A refusal gets here from endpoints in plain FastAPI only; it is answered as everywhere else.

    Nothing is logged for a request that went well: a line for each session check would halve what
    the server can do. What happened to accounts is logged where it happens.
    """

    def __init__(self, app: ASGIApp, randomness: Randomness) -> None:
        self._app = app
        self._start = randomness.bytes(6).hex()
        self._count = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = f"{self._start}-{next(self._count):x}"
        scope["request_id"] = request_id
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            refusal = error if isinstance(error, Refusal) else Refusal("INTERNAL_SERVER_ERROR")
            if started or refusal is not error:
                log.exception("request_crashed", request_id=request_id, path=scope["path"])
            if started:  # the status is out; closing the connection is the only honest end
                raise
            for message in messages(refused(refusal), []):
                await send_with_id(message)
        return None
