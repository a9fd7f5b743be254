"""The database as an owner's command opens it: beside a server that may be running."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from backend.kernel.clock import Clock
from backend.kernel.randomness import Randomness
from backend.kernel.settings import Settings, SettingsError
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.snapshots.restore import restore_if_missing
from backend.storage.snapshots.snapshots import create_snapshots
from backend.storage.sqlite.data_dir_lock import lock_data_dir, register_command
from backend.storage.urls import database_url, direct_url, sqlite_file


@contextmanager
def open_for_command(
    settings: Settings, clock: Clock, randomness: Randomness
) -> Iterator[Database]:
    """Lend the database, migrated; raises SettingsError where it cannot be used.

    With SNAPSHOT_DIR what the command wrote is in a snapshot when this ends: a running server takes
    it within seconds, and without one it is taken here.
    """
    with ExitStack() as closing:
        if settings.snapshot_dir is not None:
            closing.callback(_save_without_server, settings, clock)
            closing.enter_context(register_command(settings.data_dir))
        _restore(settings, clock, randomness)
        url = database_url(settings)
        migrate(direct_url(settings) or url)
        database = Database(url, clock, connections=1)
        closing.callback(database.close)
        yield database


def _restore(settings: Settings, clock: Clock, randomness: Randomness) -> None:
    with ExitStack() as owned:
        if settings.snapshot_dir is not None and not sqlite_file(settings).exists():
            owned.enter_context(
                lock_data_dir(settings.data_dir)
            )  # one that is just starting does it itself
        restore_if_missing(settings, clock, randomness)


def _save_without_server(settings: Settings, clock: Clock) -> None:
    snapshots = create_snapshots(settings, clock)
    if snapshots is None:
        return
    try:
        owned = lock_data_dir(settings.data_dir)
    except SettingsError:
        return  # a server runs, and has noticed
    with owned:
        snapshots.start()
        snapshots.stop()
