"""How a process learns that sessions or users were changed by another hand.

Until a feed has proved that such changes reach us, nothing remembered about them may be trusted.
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
    """Calls `forget` for every user whose row or sessions changed, or for everyone at once."""

    @property
    def state(self) -> str:
        """What it is doing, in a few words for whoever runs the server."""

    def is_live(self) -> bool:
        """Tell whether changes by other hands reach us at this moment.

        Asked on the event loop with every request, so it only looks; what it has to do it does in
        the background. Asks nothing of the database while nobody asks here: an idle Neon may sleep.
        """

    async def start(self) -> None:
        """Begin, in the background; a database that is away is tried again as requests come."""

    async def stop(self) -> None:
        """End; it is never proven again."""


def open_feed(
    database: Database, direct_url: URL | None, clock: Clock, forget: Callable[[UUID | None], None]
) -> ChangeFeed:
    """Make the feed that suits the database; `forget(None)`, from any thread, means everyone.

    LISTEN receives nothing through a transaction pooler: `direct_url` must go round it.
    """
    if database.kind == "sqlite":
        return SqliteFeed(database, clock, forget)
    return PostgresFeed(database, direct_url or database.url, clock, forget)
