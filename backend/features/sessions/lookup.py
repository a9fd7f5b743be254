"""Batched reads of sessions that the cache does not have.

After a restart all clients come at once. One statement and one worker thread per session cost ten
times as much as reading a row; lookups that arrive during a statement share the next one.
"""

import asyncio
from collections.abc import Collection

from backend.kernel.secrets.tokens import TokenDigest
from backend.storage.engine import Database
from backend.storage.queries import sessions
from backend.storage.queries.sessions import SessionWithUser
from backend.storage.work import run_query
from backend.web.app_context import Pools

_MAX_STATEMENTS = 2  # at a time: with only one, a hanging connection would block all lookups
_BATCH_SIZE = 100  # digests in one statement

_Batch = list[tuple[TokenDigest, asyncio.Future[SessionWithUser | None]]]
_Rows = dict[TokenDigest, SessionWithUser]


class SessionLookup:
    """Finds sessions in the database for the checks of one event loop."""

    def __init__(self, database: Database, pools: Pools) -> None:
        self._database = database
        self._pools = pools
        self._pending: _Batch = []
        self._running: set[asyncio.Task[None] | None] = set()

    async def find(self, digest: TokenDigest) -> SessionWithUser | None:
        """Return the session of a token, expired or not, no older than this call.

        A statement that is already running never answers it: it may have read the row just before
        the session was ended. Raises DatabaseUnavailable, or refuses with 503.
        """
        future: asyncio.Future[SessionWithUser | None] = asyncio.Future()
        self._pending.append((digest, future))
        if len(self._running) < _MAX_STATEMENTS:
            self._running.add(asyncio.create_task(self._read()))
        return await future

    async def _read(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:_BATCH_SIZE], self._pending[_BATCH_SIZE:]
                await self._resolve(batch)
        finally:
            # In the same step that found the list empty, so that the next lookup starts a new task.
            self._running.discard(asyncio.current_task())

    async def _resolve(self, batch: _Batch) -> None:
        try:
            rows = await self._read_all({digest for digest, _ in batch})
        except Exception as error:
            for _, future in batch:
                if not future.done():  # done: its caller was cancelled
                    future.set_exception(error)
            return
        for digest, future in batch:
            if not future.done():
                future.set_result(rows.get(digest))

    async def _read_all(self, digests: Collection[TokenDigest]) -> _Rows:
        return await self._pools.run(
            lambda: run_query(self._database, lambda db: sessions.find_all_with_user(db, digests))
        )
