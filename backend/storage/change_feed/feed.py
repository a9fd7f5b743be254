"""How a process hears that another one has changed sessions or users.

The session cache may be used only while a feed is known to deliver such changes.
"""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from sqlalchemy import URL

from backend.kernel.clock import Clock
from backend.storage.change_feed.postgres import PostgresFeed
from backend.storage.change_feed.sqlite import SqliteFeed
from backend.storage.engine import Database


class ChangeFeed(Protocol):
    """Calls `forget` for each user whose row or sessions changed, or for all users at once."""

    @property
    def state(self) -> str:
        """What the feed is doing, in a few words for the operator."""

    def is_live(self) -> bool:
        """Tell whether changes by other processes reach this one now.

        Called on the event loop with every request, so it never waits; work is done in the
        background. Without calls there are no queries either, so an idle Neon may sleep.
        """

    async def start(self) -> None:
        """Start in the background; an unreachable database is tried again as requests come."""

    async def stop(self) -> None:
        """Stop; the feed is never live again."""


def open_feed(
    database: Database, direct_url: URL | None, clock: Clock, forget: Callable[[UUID | None], None]
) -> ChangeFeed:
    """Create the feed for this kind of database; `forget(None)`, from any thread, means all users.

    LISTEN receives nothing through a transaction pooler: `direct_url` must bypass it.
    """
    if database.kind == "sqlite":
        return SqliteFeed(database, clock, forget)
    return PostgresFeed(database, direct_url or database.url, clock, forget)
