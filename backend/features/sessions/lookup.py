"""Sessions that the cache does not have: asked for together, read together.

After a restart everyone comes at once. A statement and a hop to a worker thread for each cost ten
times what reading a row costs; those who ask while a statement is under way share the next.
"""

import asyncio
from collections.abc import Collection

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.engine import Database
from backend.storage.queries import sessions
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import ask
from backend.web.app_context import Pools

_UNDER_WAY = 2  # statements: one alone would let a connection that hangs hold up everybody
_TOGETHER = 100  # digests in one statement

_Asked = list[tuple[TokenDigest, asyncio.Future[SessionWithUser | None]]]
_Found = dict[TokenDigest, SessionWithUser]


class SessionLookup:
    """Finds sessions in the database for the checks of one event loop."""

    def __init__(self, database: Database, pools: Pools) -> None:
        self._database = database
        self._pools = pools
        self._waiting: _Asked = []
        self._under_way: set[asyncio.Task[None] | None] = set()

    async def find(self, digest: TokenDigest) -> SessionWithUser | None:
        """Return the session a token opens, expired or not, as it is stored from now on.

        Never answered by a statement that is under way already: the row may have been read just
        before a session was ended. Raises DatabaseUnavailable, or refuses with 503.
        """
        response: asyncio.Future[SessionWithUser | None] = asyncio.Future()
        self._waiting.append((digest, response))
        if len(self._under_way) < _UNDER_WAY:
            self._under_way.add(asyncio.create_task(self._read()))
        return await response

    async def _read(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                await self._answer(asked)
        finally:
            # In the very step that found nobody waiting: who asks in the next must not rely on us.
            self._under_way.discard(asyncio.current_task())

    async def _answer(self, asked: _Asked) -> None:
        try:
            found = await self._read_all({digest for digest, _ in asked})
        except Exception as error:
            for _, response in asked:
                if not response.done():  # done: its caller waits no more
                    response.set_exception(error)
            return
        for digest, response in asked:
            if not response.done():
                response.set_result(found.get(digest))

    async def _read_all(self, digests: Collection[TokenDigest]) -> _Found:
        return await self._pools.ask(
            lambda: ask(self._database, lambda db: sessions.find_all_with_user(db, digests))
        )
