"""Databases that have their tables already: migrated once in a run, and copied for each test."""

import shutil
from pathlib import Path

from sqlalchemy import make_url

from backend.storage.migrate import migrate
from backend.storage.urls import sqlite_url
from tests.rig import shared
from tests.rig.postgres import PostgresServer


def put_sqlite(file: Path) -> None:
    """Put a migrated SQLite file there, as private as the server's own; leaves one that is."""
    if not file.exists():
        shutil.copyfile(shared.once("migrated-sqlite", _migrate_sqlite), file)
        file.chmod(0o600)


def postgres_template(server: PostgresServer) -> str:
    """The name of a migrated database, for `create_database`."""
    name: str = shared.once("migrated-postgres", lambda: _migrate_postgres(server))
    return name


def _migrate_sqlite() -> str:
    file = shared.folder() / "migrated.db"
    migrate(sqlite_url(file))
    return str(file)


def _migrate_postgres(server: PostgresServer) -> str:
    name = server.create_database()
    migrate(make_url(server.url(name)).set(drivername="postgresql+psycopg2"))
    return name
