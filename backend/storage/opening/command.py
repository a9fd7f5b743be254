"""Opening the database for a command, beside a server that may be running."""

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
    """Open the migrated database; raises SettingsError if it cannot be used.

    With SNAPSHOT_DIR the writes of the command end up in a snapshot: a running server takes it
    within seconds, without one it is taken here.
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
    with ExitStack() as lock:
        if settings.snapshot_dir is not None and not sqlite_file(settings).exists():
            lock.enter_context(lock_data_dir(settings.data_dir))  # raises if a server is starting
        restore_if_missing(settings, clock, randomness)


def _save_without_server(settings: Settings, clock: Clock) -> None:
    snapshots = create_snapshots(settings, clock)
    if snapshots is None:
        return
    try:
        lock = lock_data_dir(settings.data_dir)
    except SettingsError:
        return  # a running server takes the snapshot
    with lock:
        snapshots.start()
        snapshots.stop()
