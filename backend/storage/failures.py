"""What can go wrong between us and the database, in the words callers act upon."""

from typing import NoReturn

import psycopg2
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError

_NOTHING_HAPPENED = {"40001", "40P01"}  # serialization failure, deadlock
_SESSION_ENDED = "GH001"  # raised by gatehouse_prove_session, step 0005
_READ_ONLY = "25006"  # a standby, or a primary that has just become one


class DatabaseUnavailable(Exception):
    """The database cannot be reached, is too busy, or cannot write."""


class DatabaseConflict(DatabaseUnavailable):
    """Nothing happened: another transaction won, or the connection died before COMMIT."""


class SessionEnded(Exception):
    """The acting session is gone, or its user is banned: nothing may be written in their name."""


class NoAnswer(psycopg2.OperationalError):
    """The server was silent for so long that we cut the connection."""


def raise_as_ours(
    error: DBAPIError | PendingRollbackError, *, committing: bool = False
) -> NoReturn:
    """Raise what a driver's error means to a caller; a mistake of our own stays what it is.

    A connection that dies while `committing` may have died after the server had stored everything.
    Its outcome is unknown, so that is never a DatabaseConflict, which would be run again.
    """
    if isinstance(error, PendingRollbackError):  # asked to go on after an earlier loss
        raise DatabaseConflict("the connection had already been lost") from error
    code = getattr(error.orig, "pgcode", None)
    if code == _SESSION_ENDED:
        raise SessionEnded from error
    lost = error.connection_invalidated
    silent = isinstance(error.orig, NoAnswer)  # asking again would only wait as long again
    if code in _NOTHING_HAPPENED or (lost and not committing and not silent):
        raise DatabaseConflict(first_line(error)) from error
    if lost or code == _READ_ONLY or isinstance(error, OperationalError):
        raise DatabaseUnavailable(first_line(error)) from error
    raise error


def first_line(error: DBAPIError) -> str:
    """Return what the driver said, without the statement and its values."""
    return str(error.orig).strip().partition("\n")[0]
