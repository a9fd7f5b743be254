"""Answers that grow with what is stored: few at a time, and one for each user.

Whoever has stored much must not be able to keep the server busy with reading it (ASVS 15.1.3).
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from backend.kernel.refusals import service_unavailable, too_many_requests
from backend.web.responses.responses import Response, StreamingResponse

_AT_ONCE = 8  # of all users together
_RETRY_AFTER = 10  # seconds; most have ended by then


class Downloads:
    """Who is downloading. Used on the event loop only."""

    def __init__(self) -> None:
        self._running: set[UUID] = set()

    async def begin(
        self, user_id: UUID, make: Callable[[], Awaitable[Response | StreamingResponse]]
    ) -> Response | StreamingResponse:
        """Begin a user's download, which counts until its stream is over.

        Refuses with 429 while another of the same user runs, and with 503 while too many do.
        """
        if user_id in self._running:
            raise too_many_requests(_RETRY_AFTER)
        if len(self._running) >= _AT_ONCE:
            raise service_unavailable(_RETRY_AFTER)
        self._running.add(user_id)
        try:
            response = await make()
        except BaseException:
            self._running.discard(user_id)
            raise
        if isinstance(response, StreamingResponse):
            return replace(response, when_over=lambda: self._running.discard(user_id))
        self._running.discard(user_id)
        return response
