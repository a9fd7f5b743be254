"""Errors of the database, translated from those of the drivers."""

import sqlite3
from enum import StrEnum

import psycopg2
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, PendingRollbackError

READ_ONLY_TRANSACTION = "25006"  # a standby, or a primary that has just become one
_ROLLED_BACK_CODES = {"40001", "40P01"}  # serialization failure, deadlock
_SESSION_ENDED = "GH001"  # raised by gatehouse_prove_session, migration 0005


class Fault(StrEnum):
    """Why the database does not work, as `GET /ready` reports it."""

    AWAY = "away"
    """It cannot be reached, does not respond or is too busy."""
    READ_ONLY = "read-only"
    FULL = "full"
    DAMAGED = "damaged"
    REPLACED = "replaced"
    """The SQLite file was removed or replaced."""
    UNUSABLE = "unusable"
    """Tables or privileges are missing, or its disk fails."""


class DatabaseUnavailable(Exception):
    """The database cannot be reached, is too busy, or has another fault."""

    def __init__(self, reason: str, fault: Fault = Fault.AWAY) -> None:
        super().__init__(reason)
        self.fault = fault


class DatabaseConflict(DatabaseUnavailable):
    """Nothing happened: another transaction won, or the connection died before COMMIT."""


class SessionEnded(Exception):
    """The acting session has ended, or its user is banned: it must not write."""


class NoAnswer(psycopg2.OperationalError):
    """The server did not respond in time, and the watchdog cut the connection."""


# https://www.postgresql.org/docs/current/errcodes-appendix.html. Other codes are bugs of our own.
_POSTGRES_CODES = {
    READ_ONLY_TRANSACTION: Fault.READ_ONLY,
    "22P05": Fault.UNUSABLE,  # a character that the encoding of the database does not have
    "25P03": Fault.AWAY,  # idle in a transaction for too long
    "25P04": Fault.AWAY,  # a transaction that took too long
    "40003": Fault.AWAY,  # statement completion unknown
    "42501": Fault.UNUSABLE,  # permission denied
    "42703": Fault.UNUSABLE,  # undefined column: tables of another version
    "42P01": Fault.UNUSABLE,  # undefined table: another database, or its schema was dropped
    "53100": Fault.FULL,
    "54001": Fault.UNUSABLE,  # max_stack_depth is too small
    "XX001": Fault.DAMAGED,
    "XX002": Fault.DAMAGED,
}
_POSTGRES_CLASSES = {
    "08": Fault.AWAY,  # connection exception
    "28": Fault.UNUSABLE,  # invalid authorization
    "38": Fault.UNUSABLE,  # external routine, as in a foreign trigger
    "39": Fault.UNUSABLE,
    "3D": Fault.UNUSABLE,  # no such database
    "3F": Fault.UNUSABLE,  # no such schema
    "53": Fault.AWAY,  # insufficient resources, such as too many connections
    "55": Fault.AWAY,  # locked by another transaction
    "57": Fault.AWAY,  # canceled, shutting down, starting up
    "58": Fault.UNUSABLE,  # the server's own disk or files
    "72": Fault.AWAY,  # snapshot too old
    "F0": Fault.UNUSABLE,  # its configuration
    "P0": Fault.UNUSABLE,  # raised by a foreign trigger; ours raise nothing
    "XX": Fault.UNUSABLE,  # an error inside the server
}
_SQLITE_CODES = {  # https://sqlite.org/rescode.html, the primary ones
    sqlite3.SQLITE_PERM: Fault.UNUSABLE,
    sqlite3.SQLITE_BUSY: Fault.AWAY,
    sqlite3.SQLITE_LOCKED: Fault.AWAY,
    sqlite3.SQLITE_NOMEM: Fault.AWAY,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_INTERRUPT: Fault.AWAY,
    sqlite3.SQLITE_IOERR: Fault.UNUSABLE,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_CANTOPEN: Fault.UNUSABLE,
    sqlite3.SQLITE_PROTOCOL: Fault.AWAY,
    sqlite3.SQLITE_SCHEMA: Fault.AWAY,
    sqlite3.SQLITE_NOLFS: Fault.UNUSABLE,
    sqlite3.SQLITE_AUTH: Fault.UNUSABLE,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
}
_NAME_TAKEN = {"users_username_key", "UNIQUE constraint failed: users.username"}
_SCHEMA_MISMATCHES = ("no such table", "no such column", "has no column named")


DriverError = DBAPIError | PendingRollbackError
"""What SQLAlchemy raises when the database or the connection to it fails."""


def translate_error(
    error: DriverError, *, committing: bool = False
) -> DatabaseUnavailable | SessionEnded | None:
    """Translate a driver's error; None if it is a bug of our own.

    A connection lost while `committing` may be lost after the server has stored everything. The
    outcome is unknown, so it is never a DatabaseConflict, which would be retried.
    """
    if isinstance(error, PendingRollbackError):  # used again after it was lost
        return DatabaseConflict("the connection had already been lost")
    reason, code = first_line(error), getattr(error.orig, "pgcode", None)
    if code == _SESSION_ENDED:
        return SessionEnded()
    if isinstance(error, IntegrityError) and _constraint_of(error) in _NAME_TAKEN:
        return DatabaseConflict("another transaction has taken this user name")
    fault = _fault_of(error)
    lost = error.connection_invalidated
    silent = isinstance(error.orig, NoAnswer)  # a retry would wait as long again
    refused = code == READ_ONLY_TRANSACTION  # also with COMMIT in the same message
    if code in _ROLLED_BACK_CODES or (lost and not silent and (refused or not committing)):
        return DatabaseConflict(reason, fault or Fault.AWAY)
    if fault is not None or lost:
        return DatabaseUnavailable(reason, fault or Fault.AWAY)
    return None


def first_line(error: DBAPIError) -> str:
    """Return the driver's message, without the statement and its values."""
    return str(error.orig).strip().partition("\n")[0]


def _constraint_of(error: IntegrityError) -> str | None:
    """Return the violated constraint by its name, or by what SQLite says about it."""
    if isinstance(error.orig, psycopg2.Error):
        return error.orig.diag.constraint_name
    return str(error.orig)


def _fault_of(error: DBAPIError) -> Fault | None:
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_fault(error.orig)
    code: str | None = getattr(error.orig, "pgcode", None)
    if code is None:  # an error of the driver, not of the server
        return Fault.AWAY if isinstance(error, OperationalError) else None
    return _POSTGRES_CODES.get(code) or _POSTGRES_CLASSES.get(code[:2])


def _sqlite_fault(error: sqlite3.Error) -> Fault | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    if code == sqlite3.SQLITE_ERROR:
        foreign = any(words in str(error) for words in _SCHEMA_MISMATCHES)
        return Fault.UNUSABLE if foreign else None
    return _SQLITE_CODES.get(code & 0xFF)
