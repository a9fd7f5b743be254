"""HTTP endpoint of a short event stream, to test whether proxies buffer it."""

from backend.features.sessions.dependencies import Protected, find_session
from backend.features.stream_demo.service import Ticker
from backend.web.app_context import AppContext
from backend.web.request_context import RequestContext
from backend.web.responses.responses import StreamingResponse
from backend.web.routing.routes import Routes

routes = Routes("service", auth_rules=False)
_HEADERS = {
    # A proxy that compresses collects before it sends; nginx collects unless told not to.
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
}


@routes.get(
    "/api/stream",
    head=True,
    response_model=StreamingResponse,
    media_type="text/event-stream",
    headers={"x-accel-buffering": "Asks proxies not to buffer the stream."},
)
async def stream(
    _: Protected, request: RequestContext, context: AppContext, ticker: Ticker
) -> StreamingResponse:
    """Send five events, a fifth of a second apart. An example of a stream, rate limited per user.

    Each event is `data: {"number": 1, "sentAt": "..."}`. If all arrive at once, a proxy in between
    buffers streams. If the caller is signed out meanwhile, the next event is `event: end`. The
    stream also ends when the server stops.
    """

    async def is_signed_in() -> bool:
        return await find_session(request, context, refresh=False) is not None

    return StreamingResponse(ticker.ticks(is_signed_in), b"text/event-stream", headers=_HEADERS)
