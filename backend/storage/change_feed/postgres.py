"""Changes on PostgreSQL: triggers NOTIFY (migration 0001), each process LISTENs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import psycopg2
import structlog
from sqlalchemy import URL, select
from sqlalchemy.exc import DBAPIError

from backend.kernel.clock import Clock
from backend.storage.change_feed.heartbeat import FeedUnavailable, send_heartbeat
from backend.storage.engine import Database
from backend.storage.errors import DatabaseUnavailable
from backend.storage.postgres.connections import CONNECT_ARGUMENTS, prepare_postgres
from backend.storage.work import run_query

CHANNEL = "gatehouse_forget"
_PREFIX = "proof "  # of heartbeats; older versions beside this one send and expect it too
_VALID_FOR = 2.0  # seconds since the heartbeat was sent
_RENEW_AFTER = 1.0  # seconds; so that steady traffic never sees a gap
_HEARTBEAT_TIMEOUT = 3.0  # seconds from the end of the statement that sent it
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0  # seconds between attempts, doubled each time
_LONGEST_PAUSE_WITHOUT_LISTEN = 60.0  # seconds; a pooler in between stays
_NEVER = float("-inf")
_CONNECTION_LOST = "the LISTEN connection was lost"

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Listener:
    connection: Any  # psycopg2's
    descriptor: int
    """Read at the start: a dead connection does not return it."""
    name: str


class PostgresFeed:
    """One LISTEN connection, and heartbeats that show that notifications arrive on it.

    A heartbeat is a notification sent through the connection pool. PostgreSQL delivers in the order
    of commits: once it has arrived, so has every change committed before it was sent.
    """

    def __init__(
        self, database: Database, url: URL, clock: Clock, forget: Callable[[UUID | None], None]
    ) -> None:
        self._database, self._clock, self._forget = database, clock, forget
        _, address = database.engine.dialect.create_connect_args(url)
        options = {**CONNECT_ARGUMENTS, "application_name": "gatehouse change feed"}
        self._address: dict[str, Any] = {**address, **options}
        self._loop: asyncio.AbstractEventLoop  # from start on
        self._running = False
        self._thread = ThreadPoolExecutor(1, "change-feed")
        self._listener: _Listener | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._expected_payload: str | None = None
        self._answer_received = asyncio.Event()
        self._heartbeat_sent_at = self._confirmed_at = self._next_attempt = _NEVER
        self._heartbeats_sent = self._failures = 0
        self._has_received = False
        self.state = "starting"

    def is_live(self) -> bool:
        age = self._clock.monotonic() - self._confirmed_at
        if age < _RENEW_AFTER:
            return True
        self._start_heartbeat()
        # Nothing is evicted for its age: whatever was missed arrives before the next heartbeat.
        return age < _VALID_FOR

    async def start(self) -> None:
        self._loop, self._running = asyncio.get_running_loop(), True
        self._start_heartbeat()

    async def stop(self) -> None:
        if not self._running:
            return
        self._running = False
        if self._attempt is not None:
            self._attempt.cancel()
            await asyncio.wait([self._attempt])
        self._disconnect()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self.state = "stopped"

    def _start_heartbeat(self) -> None:
        waiting = self._clock.monotonic() < self._next_attempt
        if self._running and self._attempt is None and not waiting:
            self._attempt = self._loop.create_task(self._run_heartbeat())

    async def _run_heartbeat(self) -> None:
        try:
            if self._listener is None:
                self._listener = await self._in_thread(self._connect)
                self._loop.add_reader(self._listener.descriptor, self._read)
            await self._send_and_wait(self._listener)
        except DatabaseUnavailable as error:  # the last heartbeat stays valid for its time
            self._report_failure(f"bypassed: {error}")
        except (psycopg2.Error, DBAPIError, FeedUnavailable) as error:
            self._disconnect()
            self._report_failure("bypassed: " + str(error).strip().partition("\n")[0])
        except TimeoutError:
            self._disconnect()
            self._report_failure(self._timeout_reason(), _LONGEST_PAUSE_WITHOUT_LISTEN)
        finally:
            self._attempt = None

    def _connect(self) -> _Listener:
        # Through the pool first, whose circuit breaker limits attempts at an unreachable server.
        run_query(self._database, lambda db: db.execute(select(1)))
        connection = psycopg2.connect(**self._address)
        connection.autocommit = True
        with self._database.watch(connection), connection.cursor() as cursor:
            prepare_postgres(connection)
            cursor.execute(f"LISTEN {CHANNEL}; SELECT gen_random_uuid()")
            return _Listener(connection, connection.fileno(), str(cursor.fetchone()[0]))

    async def _send_and_wait(self, listener: _Listener) -> None:
        self._heartbeats_sent += 1
        self._expected_payload = f"{_PREFIX}{self._heartbeats_sent} for {listener.name}"
        self._answer_received.clear()
        self._heartbeat_sent_at = self._clock.monotonic()
        await self._in_thread(partial(self._send, self._expected_payload))
        async with asyncio.timeout(_HEARTBEAT_TIMEOUT):
            await self._answer_received.wait()
        if self._listener is not listener:
            raise psycopg2.OperationalError(_CONNECTION_LOST)

    def _send(self, message: str) -> None:
        send_heartbeat(self._database, CHANNEL, message)

    def _read(self) -> None:
        if self._listener is None:
            return
        connection = self._listener.connection
        try:
            connection.poll()
        except psycopg2.Error:
            self._disconnect()
            self._report_failure(f"bypassed: {_CONNECTION_LOST}")
            return
        for notification in connection.notifies:
            self._on_notification(notification.payload)
        connection.notifies.clear()

    def _on_notification(self, message: str) -> None:
        if message == self._expected_payload:
            self._confirm()
        elif not message.startswith(_PREFIX):  # else the heartbeat of another process
            self._forget(_user(message))

    def _confirm(self) -> None:
        # In this callback: a moment later the connection may be lost without this noticing.
        if self._confirmed_at == _NEVER:
            self._forget(None)
        self._confirmed_at = self._heartbeat_sent_at
        self._has_received, self._failures = True, 0
        self._report("listening")
        self._answer_received.set()

    def _disconnect(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            self._loop.remove_reader(listener.descriptor)
            listener.connection.close()
            self._answer_received.set()  # nothing can arrive any more
        if self._confirmed_at != _NEVER:
            self._confirmed_at = _NEVER
            self._forget(None)

    def _report_failure(self, state: str, longest_pause: float = _LONGEST_PAUSE) -> None:
        pause = min(_FIRST_PAUSE * 2**self._failures, longest_pause)
        self._failures = min(self._failures + 1, 10)
        self._next_attempt = self._clock.monotonic() + pause
        self._report(state)

    def _timeout_reason(self) -> str:
        if self._has_received:
            return "bypassed: notifications do not arrive"
        return "bypassed: cannot LISTEN through this host; set DATABASE_URL_DIRECT"

    def _report(self, state: str) -> None:
        if state != self.state:
            self.state = state
            log.info("change_feed", state=state)

    def _in_thread(self, function: Callable[[], T]) -> asyncio.Future[T]:
        return self._loop.run_in_executor(self._thread, function)


def _user(message: str) -> UUID | None:
    try:
        return UUID(message)
    except ValueError:  # all users, or an unknown message: then all users too
        return None
