"""Gatehouse in the process of the tests: the app as in production, a fixed clock, and visitors."""

import asyncio
import itertools
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, select, update

from backend.features.sessions.reader import SessionReader
from backend.kernel.client import SYSTEM
from backend.kernel.settings import Settings
from backend.main import create_app
from backend.storage.tables import audit_events, users
from backend.storage.work import Work
from tests.clocks import FixedClock, SeededRandomness
from tests.make import PASSWORD, make_settings
from tests.rig.fixtures import DatabaseTarget
from tests.rig.migrated_databases import put_sqlite
from tests.rig.processes import wait_until

T = TypeVar("T")
AUTH = "/api/auth/"
TIMEOUT = 60
"""Seconds after which what has not come is taken for never coming."""


class Loop:
    """An event loop that runs in a thread of its own, as a server's does between requests."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(TIMEOUT)

    def start(self, coroutine: Coroutine[Any, Any, T]) -> "Running[T]":
        return Running(asyncio.run_coroutine_threadsafe(coroutine, self._loop))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Running(Awaitable[T]):
    """Something under way on the loop."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def result(self) -> T:
        return self._future.result(TIMEOUT)

    def done(self) -> bool:
        return self._future.done()

    def call_when_done(self, call: Callable[[], object]) -> None:
        self._future.add_done_callback(lambda _: call())

    def cancel(self) -> None:
        self._future.cancel()

    def __await__(self) -> Any:
        return asyncio.wrap_future(self._future).__await__()


@dataclass(frozen=True)
class AuditRow:
    """One line of the audit trail."""

    id: UUID
    kind: str
    actor: UUID | None
    subject: UUID | None
    detail: dict[str, Any]
    address: str
    user_agent: str
    request_id: str


class Gatehouse:
    """One running application."""

    def __init__(self, loop: Loop, settings: Settings, clock: Any, randomness: Any) -> None:
        self.loop, self.settings, self.clock = loop, settings, clock
        self.app = create_app(settings, clock=clock, randomness=randomness)
        self.context = self.app.state.context
        self._stop_requested = asyncio.Event()
        self._started = threading.Event()
        self._lifespan = loop.start(self._run_lifespan())
        self._lifespan.call_when_done(self._started.set)
        assert self._started.wait(TIMEOUT), "the lifespan did not begin"
        if self._lifespan.done():
            self._lifespan.result()

    async def _run_lifespan(self) -> None:
        async with self.app.router.lifespan_context(self.app):
            self._started.set()
            await self._stop_requested.wait()

    def close(self) -> None:
        """Stop, as a server does; a second time nothing happens."""

        async def end() -> None:
            self._stop_requested.set()

        self.loop.run(end())
        self._lifespan.result()

    def visitor(self, address: str = "203.0.113.7", **options: Any) -> "Visitor":
        """A new browser; `address` is the peer the server sees."""
        return Visitor(self, address, **options)

    def member(self, email: str = "ada@example.com", **options: Any) -> "Visitor":
        """A browser whose owner has just signed up with this address and PASSWORD."""
        visitor = self.visitor(**options)
        assert visitor.sign_up(email).status_code == 200
        return visitor

    def is_feed_live(self) -> bool:
        """Whether changes by other hands reach this application, so that its cache is used."""

        async def read() -> bool:
            return bool(self.context.services[SessionReader]._feed.is_live())

        return self.loop.run(read())

    def wait_for_the_feed(self) -> None:
        """Wait until the cache of sessions may be trusted."""
        wait_until(self.is_feed_live, "the change feed", TIMEOUT)

    def rows(self, statement: Any) -> list[Any]:
        """The rows that a query returns."""
        db = self.context.runtime.database.read()
        try:
            return list(db.execute(statement))
        finally:
            db.release()

    def execute(self, statement: Any, changed_users: UUID | None = None) -> None:
        """Execute a statement as a request would: `changed_users` is whose sessions to forget."""
        with Work(self.context.runtime, SYSTEM) as work:
            work.db.execute(statement)
            if changed_users is not None:
                work.db.changed_users.add(changed_users)

    def user_id(self, email: str) -> UUID:
        """The id of the user with this address."""
        ((user_id,),) = self.rows(select(users.c.id).where(users.c.email == email))
        return user_id

    def ban(self, email: str, **columns: Any) -> None:
        """Ban a user."""
        has_email = users.c.email == email
        self.execute(
            update(users).where(has_email).values(banned=True, **columns), self.user_id(email)
        )

    def unban(self, email: str) -> None:
        """Lift a ban."""
        has_email = users.c.email == email
        self.execute(update(users).where(has_email).values(banned=False), self.user_id(email))

    def events(self) -> list[AuditRow]:
        """The audit trail, by kind: a clock that stands still puts nothing in order."""
        table = audit_events.c
        columns = (table.id, table.kind, table.actor_id, table.subject_id, table.detail)
        where = (table.ip_address, table.user_agent, table.request_id)
        return [AuditRow(*row) for row in self.rows(select(*columns, *where).order_by(table.kind))]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Every statement the database gets meanwhile, but for its own housekeeping."""
        statements: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            if not statement.startswith(("PRAGMA", "WITH feed AS", "SELECT 1")):
                statements.append(statement)

        engine = self.context.runtime.database.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def gather(self, *coroutines: Coroutine[Any, Any, T]) -> list[T]:
        """Run several coroutines at the same time; returns their results."""

        async def gather_all() -> list[T]:
            return list(await asyncio.gather(*coroutines))

        return self.loop.run(gather_all())


class Visitor:
    """A browser: it keeps its cookies, and sends its origin with every write."""

    def __init__(
        self, gatehouse: Gatehouse, address: str, *, origin: str | None = None, **headers: str
    ) -> None:
        self._gatehouse = gatehouse
        self.cookies: dict[str, str] = {}
        self.origin = origin or gatehouse.settings.base_url
        self.headers: dict[str, str] = {"user-agent": "Browser/1.0", **headers}
        self._network = httpx.ASGITransport(
            gatehouse.app, client=(address, 40000), raise_app_exceptions=False
        )

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = ..., **options: Any) -> httpx.Response:
        return self.send("POST", path, body, **options)

    def send(self, *request: Any, **options: Any) -> httpx.Response:
        """Send a request and wait for its answer; see `send_async`."""
        return self._gatehouse.loop.run(self.send_async(*request, **options))

    async def send_async(
        self,
        method: str,
        path: str,
        body: Any = ...,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> httpx.Response:
        """Send a request. A path without leading slash is below the API's base.

        `body` goes as JSON, `raw` as it is; a header that is None is left out.
        """
        content = raw if raw is not None else b"" if body is ... else json.dumps(body).encode()
        all_headers: dict[str, Any] = dict(self.headers)
        if method not in {"GET", "HEAD", "OPTIONS"}:
            all_headers["origin"] = self.origin
        if content:
            all_headers["content-type"] = "application/json"
        if self.cookies:
            all_headers["cookie"] = "; ".join(
                f"{name}={value}" for name, value in self.cookies.items()
            )
        all_headers |= headers or {}
        url = self._gatehouse.settings.base_url + (path if path[:1] == "/" else AUTH + path)
        sent_headers = {name: value for name, value in all_headers.items() if value is not None}
        request = httpx.Request(method, url, headers=sent_headers, content=content)
        response = await self._network.handle_async_request(request)
        await response.aread()
        response.request = request
        self._keep_cookies(response)
        return response

    def sign_up(
        self, email: str = "ada@example.com", password: str = PASSWORD, **fields: Any
    ) -> httpx.Response:
        payload = {"name": "Ada", "email": email, "password": password, **fields}
        return self.post("sign-up/email", payload)

    def sign_in(
        self, email: str = "ada@example.com", password: str = PASSWORD, **fields: Any
    ) -> httpx.Response:
        return self.post("sign-in/email", {"email": email, "password": password, **fields})

    def session(self) -> Any:
        """What get-session returns to this browser: None, or session and user."""
        return self.get("get-session").json()

    @property
    def session_cookie(self) -> str | None:
        """The value of the session cookie, whatever its prefix."""
        return self.cookies.get(self._named("better-auth.session_token"))

    @session_cookie.setter
    def session_cookie(self, value: str) -> None:
        self.cookies[self._named("better-auth.session_token")] = value

    def _named(self, name: str) -> str:
        return f"__Secure-{name}" if self._gatehouse.settings.secure_cookies else name

    def _keep_cookies(self, response: httpx.Response) -> None:
        for line in response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if "; Max-Age=0;" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


def cookie_lines(response: httpx.Response) -> dict[str, str]:
    """The Set-Cookie lines of an answer by short name, such as `session_token`."""
    lines = response.headers.get_list("set-cookie")
    return {line.partition("=")[0].rpartition(".")[2]: line for line in lines}


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    """The event loop of all applications of this worker."""
    event_loop = Loop()
    yield event_loop
    event_loop.close()


@pytest.fixture
def clock() -> FixedClock:
    """The clock of the application under test: it stands at noon until the test moves it."""
    return FixedClock()


@pytest.fixture
def start(loop: Loop, clock: FixedClock, tmp_path: Path) -> Iterator[Callable[..., Gatehouse]]:
    """Start an application with settings of one's own: `start(sign_up=False)`. SQLite by default.

    Limits by address are off: a scene may send as many requests as it likes.
    """
    numbers = itertools.count()
    with ExitStack() as running:

        def start(**overrides: Any) -> Gatehouse:
            settings = make_settings(tmp_path, **{"rate_limits": False, **overrides})
            if settings.data_dir == tmp_path and not settings.snapshot_dir:
                put_sqlite(tmp_path / "gatehouse.db")
            seed = f"application {next(numbers)}"
            gatehouse = Gatehouse(loop, settings, clock, SeededRandomness(seed))
            running.callback(gatehouse.close)
            return gatehouse

        yield start


@pytest.fixture
def gatehouse(start: Callable[..., Gatehouse]) -> Gatehouse:
    """A running application on SQLite."""
    return start()


@pytest.fixture
def start_on(
    database_target: DatabaseTarget, start: Callable[..., Gatehouse]
) -> Callable[..., Gatehouse]:
    """As `start`, on each kind of database."""

    def start_on_target(**overrides: Any) -> Gatehouse:
        target = {
            "database_url": database_target.url,
            "database_url_direct": database_target.direct or None,
        }
        return start(**target, **overrides)

    return start_on_target


@pytest.fixture
def any_gatehouse(start_on: Callable[..., Gatehouse]) -> Gatehouse:
    """A running application, on each kind of database in turn."""
    return start_on()
