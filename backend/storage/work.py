"""Work: the unit of work of one request, with everything a service needs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import ParamSpec, Self, TypeVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from backend.kernel.client import Client
from backend.kernel.clock import Clock
from backend.kernel.events import Event
from backend.kernel.randomness import Randomness, uuid7
from backend.kernel.refusals import RecordedRefusal
from backend.kernel.settings import Settings
from backend.storage.acting_session import ActingSession, require_live_session
from backend.storage.db import Db
from backend.storage.engine import Database, DatabaseConflict, DatabaseUnavailable
from backend.storage.errors import SessionEnded
from backend.storage.queries import audit, users
from backend.storage.queries.users import User, UserChange

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What all units of work of a server share; created once, in main.py."""

    database: Database
    clock: Clock
    randomness: Randomness
    settings: Settings
    forget_sessions: Callable[[set[UUID]], None]
    """Called after each commit with the users who changed: evicts their cached sessions."""
    log_event: Callable[[Event, Client], None]


class Work:
    """One request: its transaction, its clock, its caller.

    The transaction begins with the first statement and is committed before the first byte of the
    response is sent, so what is acknowledged is stored. An exception rolls it back, except `keep`;
    only a RecordedRefusal commits.

    With `acting`, each transaction first checks that the session of the user is still live (ASVS
    7.4.1, 8.3.2), and raises SessionEnded if it is not.
    """

    def __init__(
        self, runtime: Runtime, client: Client, acting: ActingSession | None = None
    ) -> None:
        self.clock = runtime.clock
        self.randomness = runtime.randomness
        self.settings = runtime.settings
        self.client = client
        self._runtime = runtime
        self._acting = acting
        self._actor: User | None = None
        self._db: Db | None = None
        self._even_if_refused: list[Callable[[Work], None]] = []
        self._events: list[Event] = []
        self._last_id = UUID(int=0)
        self._tasks_after_commit: list[Callable[[], None]] = []

    @property
    def db(self) -> Db:
        """The connection, with a transaction begun."""
        return self._db or self._begin(lambda db: db)

    @property
    def actor(self) -> User:
        """The acting user as read in this transaction, which keeps them from changing."""
        if self._acting is None:
            raise RuntimeError("nobody acts: the endpoint requires no session")
        if self._actor is None:
            self._actor = users.find(self.db, self._acting.user_id)
        if self._actor is None:
            raise SessionEnded  # only if this transaction deleted them
        return self._actor

    def begin_with_lock(self, lock: Callable[[Db], T]) -> T:
        """Begin a transaction with `lock`, before the acting user is locked.

        For locks on several users, in the order of their ids: locking them one by one in different
        orders would deadlock.
        """
        self._end_reads("no lock")
        return self._begin(lock)

    def now(self) -> datetime:
        return self.clock.now()

    def new_id(self) -> UUID:
        """Create an id that sorts after all others of this work, even within a millisecond."""
        drawn = uuid7(self.randomness, self.now())
        self._last_id = max(drawn, UUID(int=self._last_id.int + 1))
        return self._last_id

    def record(self, event: Event, change: UserChange | None = None) -> None:
        """Record an event in this transaction: it is stored if and only if the change is.

        A `change` whose result is not needed is sent in the same statement on PostgreSQL.
        """
        audit.insert(self.db, event, self.new_id(), self.now(), self.client, change)
        self._events.append(event)

    def keep(self, event: Event) -> None:
        """Record an event even if the request is refused, such as a failed sign-in.

        It is then written in a second transaction after the first has ended: SQLite has one
        writer, so beside the first it would deadlock.
        """
        self.run_even_if_refused(lambda work: work.record(event))

    def run_even_if_refused(self, function: Callable[["Work"], None]) -> None:
        """Run a function even if the request is refused, in the transaction described at `keep`."""
        self._even_if_refused.append(function)

    def after_commit(self, task: Callable[[], None]) -> None:
        """Run `task` after the commit, before the response is sent."""
        self._tasks_after_commit.append(task)

    def run_outside_transaction(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run something slow without a transaction and without a connection.

        What was read before may have changed afterwards; the later write must check again.
        """
        self._end_reads("nothing slow")
        return function(*args, **kwargs)

    def commit_first(self, function: Callable[["Work"], T]) -> T:
        """Run a function and commit it, so that it stays whatever becomes of the rest.

        Such as to use something up before a slow request that must not be sent twice.
        """
        self._end_reads("nothing is committed")
        with Work(self._runtime, self.client) as first:
            return function(first)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is None or isinstance(error, RecordedRefusal):
            self._commit()
            return
        translated = None
        if self._db and isinstance(error, DBAPIError):
            translated = self._db.translate_error(error)
        self._roll_back()
        if translated is not None:  # it failed while rows were read
            raise translated from error
        # If the database failed, nothing was decided; a conflict is retried besides, and its events
        # would be recorded twice.
        if self._even_if_refused and not issubclass(kind, DatabaseUnavailable):
            with Work(self._runtime, self.client) as second:
                second._even_if_refused = self._even_if_refused

    def _begin(self, first: Callable[[Db], T]) -> T:
        db = self._db = self._runtime.database.write()
        result = first(db)
        if self._acting is not None:
            require_live_session(db, self._acting, self.now())
        return result

    def _end_reads(self, rule: str) -> None:
        if self._db is not None and self._db.wrote:
            raise RuntimeError(f"{rule} after the first write: it would hold the transaction")
        self._roll_back()

    def _commit(self) -> None:
        try:
            for function in self._even_if_refused:
                function(self)
        except BaseException:
            self._roll_back()
            raise
        if self._db is not None:
            db, self._db = self._db, None
            try:
                db.commit()
            finally:
                db.release()
                self._runtime.forget_sessions(db.changed_users)  # also when the outcome is unknown
        for event in self._events:
            self._runtime.log_event(event, self.client)
        for task in self._tasks_after_commit:
            task()

    def _roll_back(self) -> None:
        self._actor = None
        if self._db is None:
            return
        db, self._db = self._db, None
        try:
            db.rollback()
        finally:
            db.release()


def run_query(database: Database, query: Callable[[Db], T]) -> T:
    """Run a read-only query without a transaction, so that it takes one round trip.

    It is retried once if the connection was dead, as after Neon has suspended.
    """
    for last in (False, True):
        db = database.read()
        try:
            return query(db)
        except DatabaseConflict:
            if last:
                raise
        except DBAPIError as error:  # while rows were read
            db.reraise(error)
        finally:
            db.release()
    raise AssertionError("unreachable")
