"""The database as an owner's command opens it: beside a server that may be running."""

from collections.abc import Iterator
from contextlib import contextmanager

from backend.kernel.clock import Clock
from backend.kernel.settings import Settings
from backend.storage.addresses import database_url, direct_url
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.restore import restore_if_missing


@contextmanager
def opened_beside(settings: Settings, clock: Clock) -> Iterator[Database]:
    """Lend the database, migrated; raises SettingsError where it cannot be used."""
    url = database_url(settings)
    restore_if_missing(settings)  # an empty database made now would hide the snapshot
    migrate(direct_url(settings) or url)
    database = Database(url, clock, connections=1)
    try:
        yield database
    finally:
        database.close()
