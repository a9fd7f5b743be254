"""The queue of passwords that wait to be hashed."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from backend.kernel.passwords.hasher import PasswordHasher
from backend.limits.limiter import Limiter
from tests.in_process import Gatehouse, Running
from tests.make import PASSWORD
from tests.rig.processes import wait_until
from tests.scene import check_like_every_answer, refusal

BODY = {"email": "ada@example.com", "password": PASSWORD}


class HashGate:
    """Holds every check of a password until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = threading.Event()
        self.arrived = threading.Semaphore(0)
        self.checked = 0
        verify = PasswordHasher.verify

        def wait_and_verify(hasher: Any, *args: Any) -> Any:
            self.arrived.release()
            assert self.opened.wait(30)
            self.checked += 1
            return verify(hasher, *args)

        monkeypatch.setattr(PasswordHasher, "verify", wait_and_verify)

    def wait_for(self, callers: int) -> None:
        """Wait until this many calls have arrived."""
        for _ in range(callers):
            assert self.arrived.acquire(timeout=30)


@pytest.fixture
def small_queue(start) -> Gatehouse:
    """An application with one thread that hashes and one place in its queue."""
    gatehouse = start(hash_threads=1, hash_queue=1)
    gatehouse.member()
    return gatehouse


@pytest.fixture
def gate(small_queue: Gatehouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[HashGate]:
    new_gate = HashGate(monkeypatch)
    yield new_gate
    new_gate.opened.set()


def start_sign_in(gatehouse: Gatehouse) -> "Running[Any]":
    return gatehouse.loop.start(gatehouse.visitor().send_async("POST", "sign-in/email", BODY))


def fill_up(gatehouse: Gatehouse, gate: HashGate) -> list["Running[Any]"]:
    """One sign-in is hashed, one waits."""
    first = start_sign_in(gatehouse)
    gate.wait_for(1)
    second = start_sign_in(gatehouse)
    queue = gatehouse.context.pools.hash_queue
    wait_until(lambda: queue.free == 0, "the second sign-in")
    return [first, second]


def test_when_every_place_is_taken_the_next_hears_503_at_once(small_queue, gate):
    fill_up(small_queue, gate)
    response = small_queue.visitor().sign_in()
    assert (response.status_code, response.json()) == (503, refusal("SERVICE_UNAVAILABLE"))
    assert response.headers["retry-after"] == "5"
    check_like_every_answer(response)


def test_meanwhile_everything_else_is_served(small_queue, gate):
    gate.opened.set()
    ada = small_queue.visitor()
    ada.sign_in()
    gate.opened.clear()
    gate.wait_for(1)
    fill_up(small_queue, gate)
    assert ada.session() is not None
    assert ada.post("update-user", {"name": "Ada King"}).status_code == 200
    for path in ("/health", "/ready"):
        assert small_queue.visitor().get(path).status_code == 200


def test_those_who_waited_are_served_when_their_turn_comes(small_queue, gate):
    waiting = fill_up(small_queue, gate)
    gate.opened.set()
    assert [each.result().status_code for each in waiting] == [200, 200]
    assert small_queue.visitor().sign_in().status_code == 200


def test_signing_up_needs_a_place_too(small_queue, gate):
    fill_up(small_queue, gate)
    assert small_queue.visitor().sign_up("bob@example.com").status_code == 503


def test_what_is_refused_before_the_hash_gives_its_place_back(small_queue, gate):
    for _ in range(10):
        assert small_queue.visitor().sign_in("no address").status_code == 400
        assert small_queue.visitor().sign_up(password="short").status_code == 400
    gate.opened.set()
    assert small_queue.visitor().sign_in().status_code == 200


class LeavingClient:
    """A client that sends a sign-in and hangs up when the test calls `leave`."""

    def __init__(self, gatehouse: Gatehouse) -> None:
        self._gatehouse = gatehouse
        self._left = asyncio.Event()
        self._sent = False
        self.answered: list[Any] = []
        self.ended = gatehouse.loop.start(self._send())

    def leave(self) -> None:
        async def set_left() -> None:
            self._left.set()

        self._gatehouse.loop.run(set_left())

    async def _send(self) -> None:
        scope = {
            **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1"},
            **{"method": "POST", "scheme": "http", "query_string": b"", "root_path": ""},
            **{"path": "/api/auth/sign-in/email", "raw_path": b"/api/auth/sign-in/email"},
            "headers": [(b"content-type", b"application/json")],
            "client": ("192.0.2.1", 1),
            "server": ("localhost", 7860),
        }
        await self._gatehouse.app(scope, self._receive, self._note)

    async def _receive(self) -> dict[str, Any]:
        if not self._sent:
            self._sent = True
            body = b'{"email": "ada@example.com", "password": "correct horse battery"}'
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _note(self, message: dict[str, Any]) -> None:
        self.answered.append(message)


def test_who_has_hung_up_is_skipped(small_queue, gate):
    first = start_sign_in(small_queue)
    gate.wait_for(1)
    leaving = LeavingClient(small_queue)
    queue = small_queue.context.pools.hash_queue
    wait_until(lambda: queue.free == 0, "the second sign-in")
    leaving.leave()
    gate.opened.set()
    leaving.ended.result()
    assert first.result().status_code == 200
    assert (gate.checked, leaving.answered) == (1, [])


def test_and_leaves_no_session_no_event_and_no_place_behind(small_queue, gate):
    first = start_sign_in(small_queue)
    gate.wait_for(1)
    before = len(small_queue.events())
    leaving = LeavingClient(small_queue)
    queue = small_queue.context.pools.hash_queue
    wait_until(lambda: queue.free == 0, "the second sign-in")
    leaving.leave()
    gate.opened.set()
    leaving.ended.result()
    first.result()
    assert len(small_queue.events()) == before + 1
    wait_until(lambda: queue.free == 2, "the places")


IDLE_IN_TRANSACTION = text(
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
)


def test_a_hash_is_never_computed_inside_a_transaction(any_gatehouse, monkeypatch):
    any_gatehouse.member()
    database, verify = any_gatehouse.context.runtime.database, PasswordHasher.verify
    open_transactions: list[Any] = []

    def verify_and_record(hasher: Any, *args: Any) -> Any:
        if database.kind == "sqlite":
            other = database.write()  # SQLite has one writer: this would wait for ours in vain
            other.rollback()
            other.release()
        else:
            open_transactions.extend(any_gatehouse.rows(IDLE_IN_TRANSACTION))
        return verify(hasher, *args)

    monkeypatch.setattr(PasswordHasher, "verify", verify_and_record)
    assert any_gatehouse.visitor().sign_in().status_code == 200
    assert open_transactions == []


def test_when_one_caller_holds_every_place_another_gets_one(small_queue, gate):
    running, waiting = fill_up(small_queue, gate)
    other = small_queue.visitor("192.0.2.66")
    signing = small_queue.loop.start(other.send_async("POST", "sign-in/email", BODY))
    response = waiting.result()
    assert (response.status_code, response.json()) == (503, refusal("SERVICE_UNAVAILABLE"))
    gate.opened.set()
    assert [each.result().status_code for each in (running, signing)] == [200, 200]
    assert small_queue.context.pools.hash_queue.free == 2


def test_all_addresses_of_an_ipv6_subscriber_are_one_caller(small_queue, gate):
    def start_sign_in_from(address: str) -> "Running[Any]":
        request = small_queue.visitor(address).send_async("POST", "sign-in/email", BODY)
        return small_queue.loop.start(request)

    running = start_sign_in_from("2001:db8:1:2::1")
    gate.wait_for(1)
    waiting = start_sign_in_from("2001:db8:1:2::2")
    queue = small_queue.context.pools.hash_queue
    wait_until(lambda: queue.free == 0, "the second sign-in")
    assert start_sign_in_from("2001:db8:1:2:ffff:ffff:ffff:ffff").result().status_code == 503
    neighbour = start_sign_in_from("2001:db8:1:3::1")
    assert waiting.result().status_code == 503
    gate.opened.set()
    assert [each.result().status_code for each in (running, neighbour)] == [200, 200]


def test_a_user_who_asks_from_many_addresses_is_one_caller(start, monkeypatch):
    gatehouse = start(hash_threads=1, hash_queue=2)
    ada = gatehouse.member()
    bob = gatehouse.member("bob@example.com")
    gate = HashGate(monkeypatch)
    same = []
    for number in range(3):
        browser = gatehouse.visitor(f"198.51.100.{number}")
        browser.cookies = dict(ada.cookies)
        request = browser.send_async("POST", "verify-password", {"password": PASSWORD})
        same.append(gatehouse.loop.start(request))
        if number == 0:
            gate.wait_for(1)
    queue = gatehouse.context.pools.hash_queue
    wait_until(lambda: queue.free == 0, "her requests")
    request = bob.send_async("POST", "verify-password", {"password": PASSWORD})
    bobs = gatehouse.loop.start(request)
    wait_until(lambda: any(each.done() for each in same), "the place that is lost")
    gate.opened.set()
    assert bobs.result().status_code == 200
    assert sorted(each.result().status_code for each in same) == [200, 200, 503]


def test_who_lost_the_place_has_made_no_guess(start, monkeypatch):
    gatehouse = start(hash_threads=1, hash_queue=1, rate_limits=True)
    gatehouse.member()
    gate = HashGate(monkeypatch)
    counted: list[int] = []
    refund = gatehouse.context.services[Limiter].refund
    monkeypatch.setattr(Limiter, "refund", lambda _, *args: (counted.append(-1), refund(*args)))
    running, waiting = fill_up(gatehouse, gate)
    other = gatehouse.visitor("192.0.2.66")
    signing = gatehouse.loop.start(other.send_async("POST", "sign-in/email", BODY))
    assert waiting.result().status_code == 503
    assert counted == [-1]
    gate.opened.set()
    assert [each.result().status_code for each in (running, signing)] == [200, 200]
