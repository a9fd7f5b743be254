"""Opening the database at start: owned, restored, migrated, in this order."""

from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL

from backend.kernel.clock import Clock
from backend.kernel.settings import Settings
from backend.storage.addresses import database_url, direct_url
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.ownership import own
from backend.storage.restore import restore_if_missing
from backend.storage.snapshots import snapshots_for


def open_database(
    settings: Settings, clock: Clock, closing: ExitStack
) -> tuple[Database, URL | None]:
    """Return the database, ready, and the URL that reaches it around a pooler.

    What was opened is left on `closing`. Raises SettingsError where it cannot be used.
    """
    url, direct = database_url(settings), direct_url(settings)
    if url.get_backend_name() == "sqlite":
        closing.enter_context(own(Path(url.database or "").absolute().parent))
    restore_if_missing(settings)
    migrate(direct or url)
    snapshots = snapshots_for(settings, clock)
    database = Database(url, clock, after_write=snapshots.wrote if snapshots else None)
    if snapshots is not None:
        snapshots.start()
        closing.callback(snapshots.stop)
    closing.callback(database.close)  # before the last snapshot is taken
    return database, direct
