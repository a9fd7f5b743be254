"""A migrated database of each kind, and people to store in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import URL, text

from backend.kernel.client import SYSTEM, Client
from backend.kernel.events import Event
from backend.kernel.randomness import SystemRandomness
from backend.kernel.secrets.tokens import TokenDigest
from backend.kernel.settings import Settings
from backend.storage import dialects, engine
from backend.storage.dialects import BEGIN
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.queries import sessions, users
from backend.storage.queries.sessions import Session
from backend.storage.queries.users import User
from backend.storage.urls import database_url, direct_url
from backend.storage.work import Runtime, Work
from tests.clocks import FixedClock
from tests.make import make_session, make_settings, make_user
from tests.rig.fixtures import DatabaseTarget

_numbers = count(1)


@dataclass
class WorkEffects:
    """What a runtime was called with by its units of work."""

    forgotten: list[set[UUID]] = field(default_factory=list)
    logged: list[Event] = field(default_factory=list)


@pytest.fixture
def settings(database_target: DatabaseTarget, tmp_path: Path) -> Settings:
    return settings_for(tmp_path, database_target.url, database_target.direct)


def settings_for(folder: Path, url: str, direct: str = "") -> Settings:
    """Settings that name a database."""
    return make_settings(folder, database_url=url or None, database_url_direct=direct or None)


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a lock or a connection gives up at once, as in production after seconds."""
    begin = BEGIN["postgresql"]
    shortened = begin.replace("lock_timeout = 2000", "lock_timeout = 50")
    assert shortened != begin
    monkeypatch.setitem(BEGIN, "postgresql", shortened)
    monkeypatch.setattr(dialects, "BUSY_TIMEOUT", 50)
    monkeypatch.setattr(engine, "_WRITER_WAIT", 0.05)
    monkeypatch.setattr(engine, "_CHECKOUT_WAIT", 0.05)


@pytest.fixture
def url(settings: Settings) -> URL:
    """The address of a migrated database."""
    migrate(direct_url(settings) or database_url(settings))
    return database_url(settings)


@pytest.fixture
def open_database(url: URL, clock: FixedClock) -> Iterator[Callable[..., Database]]:
    """Opens databases on the same data, as several servers would, and closes them at the end."""
    opened: list[Database] = []

    def open_one(**options: Any) -> Database:
        opened.append(Database(options.pop("url", url), options.pop("clock", clock), **options))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


@pytest.fixture
def database(open_database: Callable[..., Database]) -> Database:
    return open_database()


@pytest.fixture
def effects() -> WorkEffects:
    return WorkEffects()


@pytest.fixture
def runtime(
    database: Database, clock: FixedClock, settings: Settings, effects: WorkEffects
) -> Runtime:
    return build_runtime(database, clock, settings, effects)


def build_runtime(
    database: Database, clock: Any, settings: Settings, effects: WorkEffects
) -> Runtime:
    def log_event(event: Event, _: Client) -> None:
        effects.logged.append(event)

    randomness = SystemRandomness()
    return Runtime(database, clock, randomness, settings, effects.forgotten.append, log_event)


@pytest.fixture
def work(runtime: Runtime) -> Callable[[], Work]:
    """Starts a unit of work."""
    return lambda: Work(runtime, SYSTEM)


def make_new_user(**overrides: Any) -> User:
    """A user with an id and an address of its own; `overrides` replaces fields."""
    return make_user(next(_numbers), **overrides)


def make_new_session(user: User, **overrides: Any) -> Session:
    """A session of this user, newer than every one made before; `overrides` replaces fields."""
    return make_session(next(_numbers), **{"user_id": user.id, **overrides})


def digest_of(session: Session) -> TokenDigest:
    """The digest under which `store_session` keeps a session."""
    return TokenDigest(session.id.bytes * 2)


def store_user(
    work: Callable[[], Work], password_hash: str | None = "hash", **overrides: Any
) -> User:
    with work() as mine:
        user = make_new_user(**overrides)
        assert users.insert(mine.db, user, password_hash)
        return user


def store_session(work: Callable[[], Work], user: User, **overrides: Any) -> Session:
    with work() as mine:
        session = make_new_session(user, **overrides)
        sessions.insert(mine.db, session, digest_of(session))
        return session


def count_rows(database: Database, table: str) -> int:
    db = database.read()
    try:
        return int(db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
    finally:
        db.release()
