"""Work: one request's unit of work, and everything a service may reach for."""

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
    """What every piece of work of one server shares; made once, in main.py."""

    database: Database
    clock: Clock
    randomness: Randomness
    settings: Settings
    forget_sessions: Callable[[set[UUID]], None]
    """Told, after each commit, whose row or sessions changed: their cached sessions end there."""
    log_event: Callable[[Event, Client], None]


class Work:
    """One request: its transaction, its clock, its caller.

    The transaction begins with the first statement and is committed before the first byte of the
    answer leaves: what we acknowledge is stored. An exception rolls it back, except for `keep`.

    With `acting` it is done in the name of a signed-in user, and each transaction begins with the
    proof that they may still act (ASVS 7.4.1, 8.3.2); it raises SessionEnded.
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
        """The connection, on which a transaction has begun."""
        return self._db or self._begin(lambda db: db)

    @property
    def actor(self) -> User:
        """The acting user as they are in this transaction, which keeps them from changing."""
        if self._acting is None:
            raise RuntimeError("nobody acts: the endpoint asks for no session")
        if self._actor is None:
            self._actor = users.find(self.db, self._acting.user_id)
        if self._actor is None:
            raise SessionEnded  # unreachable but by a write of this very transaction
        return self._actor

    def begin_with_lock(self, lock: Callable[[Db], T]) -> T:
        """Begin a transaction in which `lock` comes before the acting user is locked.

        Whoever locks several users does it here, in the order of their ids: two who lock the same
        ones one by one, each in an order of their own, would wait for each other for ever.
        """
        self._end_reads("no lock")
        return self._begin(lock)

    def now(self) -> datetime:
        return self.clock.now()

    def new_id(self) -> UUID:
        """Make an id that sorts after every other of this work, within one millisecond too."""
        drawn = uuid7(self.randomness, self.now())
        self._last_id = max(drawn, UUID(int=self._last_id.int + 1))
        return self._last_id

    def record(self, event: Event, change: UserChange | None = None) -> None:
        """Write an event in this transaction: it is stored if, and only if, the deed is.

        With `change`, a deed whose result nobody needs goes with it, where the database can.
        """
        audit.insert(self.db, event, self.new_id(), self.now(), self.client, change)
        self._events.append(event)

    def keep(self, event: Event) -> None:
        """Write an event even if the request is refused, such as a failed sign-in.

        It goes into a second, short transaction after the first has ended: SQLite has one writer,
        and beside the first it would wait for itself.
        """
        self.run_even_if_refused(lambda work: work.record(event))

    def run_even_if_refused(self, function: Callable[["Work"], None]) -> None:
        """Do something in a transaction of its own even if the request is refused.

        As `keep`, for more than an event: such as mailing a link to somebody who is turned away.
        """
        self._even_if_refused.append(function)

    def after_commit(self, task: Callable[[], None]) -> None:
        """Run `task` once everything is durable, before the answer leaves."""
        self._tasks_after_commit.append(task)

    def run_outside_transaction(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do something slow without a transaction: the connection goes back meanwhile.

        What was read before may have changed since; the later write must check again.
        """
        self._end_reads("nothing slow")
        return function(*args, **kwargs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is None:
            self._commit()
            return
        translated = (
            self._db.translate_error(error) if self._db and isinstance(error, DBAPIError) else None
        )
        self._roll_back()
        if translated is not None:  # the database failed in the middle of its rows
            raise translated from error
        # Without an answer from the database nothing was decided. A conflict is run again besides,
        # and would be kept twice.
        if self._even_if_refused and not issubclass(kind, DatabaseUnavailable):
            with Work(self._runtime, self.client) as second:
                second._even_if_refused = self._even_if_refused

    def _begin(self, first: Callable[[Db], T]) -> T:
        db = self._db = self._runtime.database.write()
        found = first(db)
        if self._acting is not None:
            require_live_session(db, self._acting, self.now())
        return found

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
    """Ask something that changes nothing: no transaction, so on a distant server one round trip.

    Asked once more when the connection turned out to be dead, as after a pause of Neon.
    """
    for last in (False, True):
        db = database.read()
        try:
            return query(db)
        except DatabaseConflict:
            if last:
                raise
        except DBAPIError as error:  # in the middle of its rows
            translated = db.translate_error(error)
            if translated is None:
                raise
            raise translated from error
        finally:
            db.release()
    raise AssertionError("unreachable")
