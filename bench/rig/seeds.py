"""Users and sessions in each server's own tables, and the cookies that open them.

Thousands of sign-ups over HTTP would take minutes of bcrypt. One is made; the others get its hash,
and sessions as the server itself would have stored them, with cookies signed by its key.
"""

import io
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg2

from backend.kernel.clock import SystemClock
from backend.kernel.randomness import SystemRandomness, random_alphanumeric, uuid7
from backend.kernel.secrets.signing import Keyring
from backend.kernel.secrets.tokens import TokenMint, digest
from backend.web.cookies import Cookies
from bench.rig.servers import SECRET, ServerProcess

PASSWORD = "correct horse 9 battery"  # noqa: S105
USERS = 3_000
"""Those whose sessions are checked, one session each."""
OTHERS = 1_000
"""Those who sign in, and whose sessions are read for the first time or ended."""
_WEEK = timedelta(days=7)
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"

_clock, _randomness = SystemClock(), SystemRandomness()
_keyring = Keyring([SECRET.encode()])
_cookies = Cookies(_keyring, secure=False)
COOKIE = _cookies.session_token
"""The name of the session's cookie."""


@dataclass(frozen=True)
class SeededUser:
    """A user of the bench."""

    id: str
    email: str


class Postgres:
    """The rows of one database of the bench's server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def copy(self, table: str, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
        """Add rows with COPY, in one transaction."""
        lines = io.StringIO("".join("\t".join(map(_as_text, row)) + "\n" for row in rows))
        names = ", ".join(f'"{name}"' for name in columns)
        with closing(psycopg2.connect(self._url)) as connection, connection:
            connection.cursor().copy_expert(f'COPY "{table}" ({names}) FROM STDIN', lines)

    def value(self, statement: str) -> Any:
        """Return the single value of a query, or None."""
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None


class Sqlite:
    """The rows of a SQLite file that a server has open."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def copy(self, table: str, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
        """Add rows in one transaction."""
        marks = ", ".join("?" * len(columns))
        values = ([_as_sqlite(value) for value in row] for row in rows)
        with closing(sqlite3.connect(self._file, timeout=30)) as connection, connection:
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            connection.executemany(statement, values)

    def value(self, statement: str) -> Any:
        """Return the single value of a query, or None."""
        with closing(sqlite3.connect(self._file, timeout=30)) as connection:
            row = connection.execute(statement).fetchone()
            return row[0] if row else None


Rows = Postgres | Sqlite


class Seeds:
    """The seeded users of a server: first those whose sessions are checked, then the others."""

    sign_up_request = ("/api/auth/sign-up/email", {"name": "First", "password": PASSWORD})

    def __init__(self, server: ServerProcess, rows: Rows) -> None:
        self._server = server
        self._rows = rows
        self.users: list[SeededUser] = []

    def fill(self) -> list[str]:
        """Add all users and a session for each that is checked; returns their cookies."""
        path, fields = self.sign_up_request
        body = {**fields, "email": "first@example.com"}
        caller = {"X-Forwarded-For": "198.19.255.254"}
        url = self._server.url
        httpx.post(url + path, json=body, headers=caller, timeout=60).raise_for_status()
        made = [
            SeededUser(self.new_id(), f"user-{number:06}@example.com")
            for number in range(USERS + OTHERS)
        ]
        self.add_users(made, self.known_hash())
        self.users = made
        return self.add_sessions(self.checked_users)

    @property
    def checked_users(self) -> list[SeededUser]:
        """The users whose sessions are checked."""
        return self.users[:USERS]

    @property
    def other_users(self) -> list[SeededUser]:
        """The users to whom everything else happens."""
        return self.users[USERS:]

    def more_sessions(self, count: int) -> list[str]:
        """Add fresh sessions of the others, in turn; returns their cookies."""
        return self.add_sessions([self.other_users[number % OTHERS] for number in range(count)])

    def new_id(self) -> str:
        raise NotImplementedError

    def known_hash(self) -> str:
        raise NotImplementedError

    def add_users(self, users: list[SeededUser], password_hash: str) -> None:
        raise NotImplementedError

    def add_sessions(self, users: list[SeededUser]) -> list[str]:
        raise NotImplementedError


class GatehouseSeeds(Seeds):
    """Our own tables."""

    def new_id(self) -> str:
        return str(uuid7(_randomness, _clock.now()))

    def known_hash(self) -> str:
        statement = "SELECT password_hash FROM users WHERE email = 'first@example.com'"
        return str(self._rows.value(statement))

    def add_users(self, users: list[SeededUser], password_hash: str) -> None:
        now = _clock.now()
        rows = (
            (uuid.UUID(each.id), each.email, "Bench", password_hash, now, now) for each in users
        )
        columns = ("id", "email", "name", "password_hash", "created_at", "updated_at")
        self._rows.copy("users", columns, rows)

    def add_sessions(self, users: list[SeededUser]) -> list[str]:
        now, mint = _clock.now(), TokenMint(_keyring)
        tokens = [mint.new(_randomness) for _ in users]
        made = (now, now, "198.18.0.1", _BROWSER, True)
        rows = (
            (uuid7(_randomness, now), uuid.UUID(each.id), digest(token), now + _WEEK, *made)
            for each, token in zip(users, tokens, strict=True)
        )
        when = ("expires_at", "created_at", "updated_at")
        columns = ("id", "user_id", "session_token", *when, "ip_address", "user_agent")
        self._rows.copy("sessions", (*columns, "remembered"), rows)
        return [cookie_for(token.reveal()) for token in tokens]


class BetterAuthSeeds(Seeds):
    """Better Auth's tables, on Node and in its Python port."""

    def new_id(self) -> str:
        return random_alphanumeric(_randomness, 32)

    def known_hash(self) -> str:
        return str(self._rows.value("SELECT password FROM account LIMIT 1"))

    def add_users(self, users: list[SeededUser], password_hash: str) -> None:
        now = _clock.now()
        user_rows = ((each.id, "Bench", each.email, False, now, now) for each in users)
        when = ("createdAt", "updatedAt")
        self._rows.copy("user", ("id", "name", "email", "emailVerified", *when), user_rows)
        accounts = (
            (self.new_id(), each.id, "credential", each.id, password_hash, now, now)
            for each in users
        )
        columns = ("id", "accountId", "providerId", "userId", "password", *when)
        self._rows.copy("account", columns, accounts)

    def add_sessions(self, users: list[SeededUser]) -> list[str]:
        now = _clock.now()
        tokens = [random_alphanumeric(_randomness, 32) for _ in users]
        rows = (
            (self.new_id(), now + _WEEK, token, now, now, "198.18.0.1", _BROWSER, each.id)
            for each, token in zip(users, tokens, strict=True)
        )
        when = ("createdAt", "updatedAt")
        columns = ("id", "expiresAt", "token", *when, "ipAddress", "userAgent", "userId")
        self._rows.copy("session", columns, rows)
        return [cookie_for(token) for token in tokens]


class FastapiUsersSeeds(Seeds):
    """The tables of fastapi-users."""

    sign_up_request = ("/auth/register", {"password": PASSWORD})

    def new_id(self) -> str:
        return str(uuid7(_randomness, _clock.now()))

    def known_hash(self) -> str:
        return str(self._rows.value('SELECT hashed_password FROM "user" LIMIT 1'))

    def add_users(self, users: list[SeededUser], password_hash: str) -> None:
        rows = ((each.id, each.email, password_hash, True, False, False) for each in users)
        flags = ("is_active", "is_superuser", "is_verified")
        self._rows.copy("user", ("id", "email", "hashed_password", *flags), rows)

    def add_sessions(self, users: list[SeededUser]) -> list[str]:
        tokens = [random_alphanumeric(_randomness, 43) for _ in users]
        rows = ((each.id, token, _clock.now()) for each, token in zip(users, tokens, strict=True))
        self._rows.copy("accesstoken", ("user_id", "token", "created_at"), rows)
        return [f"session={token}" for token in tokens]


class NoSeeds(Seeds):
    """For a server without users: it ignores the cookie."""

    def fill(self) -> list[str]:
        """Return cookies of the usual length."""
        mint = TokenMint(_keyring)
        return [cookie_for(mint.new(_randomness).reveal()) for _ in range(USERS)]


def cookie_for(token: str) -> str:
    """Return the Cookie header that opens the session of this token, as Better Auth signs it."""
    return f"{COOKIE}={quote(_cookies.sign(token), safe='')}"


def forged_cookies(count: int) -> list[str]:
    """Return well-formed cookies with invented tokens and signatures."""
    stranger = Keyring([_randomness.bytes(32)])
    cookies, mint = Cookies(stranger, secure=False), TokenMint(stranger)
    values = [cookies.sign(mint.new(_randomness).reveal()) for _ in range(count)]
    return [f"{cookies.session_token}={quote(value, safe='')}" for value in values]


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _as_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return value.hex if isinstance(value, uuid.UUID) else value
