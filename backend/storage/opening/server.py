"""Opening the database for the server: locked, restored and migrated, in this order."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from backend.kernel.clock import Clock
from backend.kernel.randomness import Randomness
from backend.kernel.settings import Settings
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.snapshots.restore import restore_if_missing
from backend.storage.snapshots.snapshots import Snapshots, create_snapshots
from backend.storage.sqlite.data_dir_lock import lock_data_dir
from backend.storage.urls import database_url, direct_url


@dataclass(frozen=True, slots=True)
class OpenDatabase:
    """The opened database and what belongs to it."""

    database: Database
    direct: URL | None
    """The URL of the PostgreSQL itself, without its pooler."""
    snapshots: Snapshots | None


def open_database(
    settings: Settings, clock: Clock, randomness: Randomness, closing: ExitStack
) -> OpenDatabase:
    """Open the database of the settings; raises SettingsError if it cannot be used.

    `closing` closes what was opened.
    """
    url, direct = database_url(settings), direct_url(settings)
    if url.get_backend_name() == "sqlite":
        closing.enter_context(lock_data_dir(Path(url.database or "").absolute().parent))
    restore_if_missing(settings, clock, randomness)
    migrate(direct or url)
    snapshots = create_snapshots(settings, clock)
    database = Database(url, clock, after_write=snapshots.note_write if snapshots else None)
    if snapshots is not None:
        snapshots.start()
        closing.callback(snapshots.stop)
    closing.callback(database.close)  # before the last snapshot is taken
    return OpenDatabase(database, direct, snapshots)
