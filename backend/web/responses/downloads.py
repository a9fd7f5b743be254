"""Limits downloads: few at a time, and one for each user.

A download grows with the stored data. A user with much data must not be able to keep the server
busy reading it (ASVS 15.1.3).
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from backend.kernel.refusals import service_unavailable, too_many_requests
from backend.web.responses.responses import Response, StreamingResponse

_MAX_RUNNING = 8  # of all users together
_RETRY_AFTER = 10  # seconds; most have ended by then


class Downloads:
    """The users who are downloading. Used on the event loop only."""

    def __init__(self) -> None:
        self._running: set[UUID] = set()

    async def start(
        self, user_id: UUID, respond: Callable[[], Awaitable[Response | StreamingResponse]]
    ) -> Response | StreamingResponse:
        """Start a user's download, which counts until its stream has ended.

        Refuses with 429 while the same user has another one running, and with 503 while too many
        are running.
        """
        if user_id in self._running:
            raise too_many_requests(_RETRY_AFTER)
        if len(self._running) >= _MAX_RUNNING:
            raise service_unavailable(_RETRY_AFTER)
        self._running.add(user_id)
        try:
            response = await respond()
        except BaseException:
            self._running.discard(user_id)
            raise
        if isinstance(response, StreamingResponse):
            return replace(response, on_close=lambda: self._running.discard(user_id))
        self._running.discard(user_id)
        return response
