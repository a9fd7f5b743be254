"""A migrated database of each kind, a clock that tests move by hand, and people to store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import URL, text

from backend.kernel.client import NOBODY, Client
from backend.kernel.events import Event
from backend.kernel.randomness import SystemRandomness
from backend.kernel.settings import Settings
from backend.kernel.tokens import TokenDigest
from backend.storage import sessions, users
from backend.storage.addresses import database_url, direct_url
from backend.storage.engine import Database
from backend.storage.migrate import migrate
from backend.storage.sessions import Session
from backend.storage.users import User
from backend.storage.work import Work, Workshop
from tests.rig.fixtures import Place

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
_numbers = count(1)


@dataclass
class HandClock:
    """Stands still until a test moves it."""

    time: datetime = NOON
    seconds: float = 1000.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class Told:
    """What a workshop was told by the works it made."""

    forgotten: list[set[UUID]] = field(default_factory=list)
    logged: list[Event] = field(default_factory=list)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def settings(place: Place) -> Settings:
    return Settings(_env_file=None, **{k.lower(): v for k, v in place.environment.items() if v})


@pytest.fixture
def url(settings: Settings) -> URL:
    """The address of a migrated database."""
    migrate(direct_url(settings) or database_url(settings))
    return database_url(settings)


@pytest.fixture
def open_database(url: URL, clock: HandClock) -> Iterator[Callable[..., Database]]:
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
def told() -> Told:
    return Told()


@pytest.fixture
def workshop(database: Database, clock: HandClock, settings: Settings, told: Told) -> Workshop:
    return workshop_on(database, clock, settings, told)


def workshop_on(database: Database, clock: Any, settings: Settings, told: Told) -> Workshop:
    def log_event(event: Event, _: Client) -> None:
        told.logged.append(event)

    randomness = SystemRandomness()
    return Workshop(database, clock, randomness, settings, told.forgotten.append, log_event)


@pytest.fixture
def work(workshop: Workshop) -> Callable[[], Work]:
    """Starts a unit of work."""
    return lambda: Work(workshop, NOBODY)


def make_user(**said: Any) -> User:
    """A user nobody else is; `said` overrides."""
    number = next(_numbers)
    told = {
        "id": UUID(int=number << 64 | 7 << 76 | 2 << 62),
        "email": f"person{number}@example.com",
        "email_verified": False,
        "name": f"Person {number}",
        "image": None,
        "role": "user",
        "banned": False,
        "ban_reason": None,
        "ban_expires": None,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return User(**{**told, **said})


def make_session(user: User, **said: Any) -> Session:
    """A session of this user, newer than every one made before; `said` overrides."""
    number = next(_numbers)
    told = {
        "id": UUID(int=number << 80 | 7 << 76 | 2 << 62),
        "user_id": user.id,
        "expires_at": NOON + timedelta(days=7),
        "created_at": NOON,
        "updated_at": NOON,
        "ip_address": "192.0.2.7",
        "user_agent": "a browser",
        "remembered": True,
        "impersonated_by": None,
    }
    return Session(**{**told, **said})


def digest_of(session: Session) -> TokenDigest:
    """The digest under which `stored_session` keeps a session."""
    return TokenDigest(session.id.bytes * 2)


def stored_user(work: Callable[[], Work], password_hash: str | None = "hash", **said: Any) -> User:
    with work() as mine:
        user = make_user(**said)
        assert users.insert(mine.db, user, password_hash)
        return user


def stored_session(work: Callable[[], Work], user: User, **said: Any) -> Session:
    with work() as mine:
        session = make_session(user, **said)
        sessions.insert(mine.db, session, digest_of(session))
        return session


def count_of(database: Database, table: str) -> int:
    db = database.read()
    try:
        return int(db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
    finally:
        db.give_back()
