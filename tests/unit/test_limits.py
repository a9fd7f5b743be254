"""Rate limits: how often one caller may ask."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from backend.limits.limiter import FAILURES_PER_ACCOUNT, Exceeded, Limits
from tests.clocks import FixedClock
from tests.make import make_settings

ADA, BOB = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def limits(tmp_path, clock: FixedClock) -> Limits:
    return Limits(make_settings(tmp_path), clock)


def ask(limits: Limits, path: str, address: str = ADA) -> Exceeded | None:
    return asyncio.run(limits.check_address(path, address)) if limits.cover(path) else None


def allowed(limits: Limits, path: str, at_most: int = 150) -> int:
    """How many calls pass before the first is refused."""
    return next((n for n in range(at_most) if ask(limits, path)), at_most)


@pytest.mark.parametrize(
    ("path", "amount"),
    [
        ("/sign-in/email", 3),
        ("/sign-up/email", 3),
        ("/sign-in/anything", 3),
        ("/change-password", 3),
        ("/verify-password", 3),
        ("/delete-user", 3),
        ("/reset-password", 3),
        ("/reset-password/{token}", 100),
        ("/delete-user/callback", 100),
        ("/request-password-reset", 3),
        ("/sign-out", 100),
        ("/list-sessions", 100),
        ("/sign-inx", 100),
        ("/get-session", 150),
        ("/ok", 150),
    ],
)
def test_each_path_has_better_auths_limit(limits, path, amount):
    assert allowed(limits, path) == amount


def test_each_address_counts_for_itself(limits):
    assert allowed(limits, "/sign-in/email") == 3
    assert ask(limits, "/sign-in/email", BOB) is None


def test_each_path_counts_for_itself(limits):
    assert allowed(limits, "/sign-in/email") == 3
    assert ask(limits, "/sign-up/email") is None


def test_after_ten_seconds_it_begins_anew(limits, clock):
    assert allowed(limits, "/sign-in/email") == 3
    clock.advance(seconds=9.9)
    assert ask(limits, "/sign-in/email") is not None
    clock.advance(seconds=0.2)
    assert allowed(limits, "/sign-in/email") == 3


def test_a_refusal_tells_how_long_and_whether_it_is_the_first(limits, clock):
    allowed(limits, "/sign-up/email")
    clock.advance(seconds=4)
    assert ask(limits, "/sign-up/email") == Exceeded(6, first=False)
    clock.advance(seconds=7)
    for _ in range(3):
        ask(limits, "/sign-up/email")
    assert ask(limits, "/sign-up/email") == Exceeded(10, first=True)


def test_mails_are_limited_by_the_minute(limits, clock):
    allowed(limits, "/request-password-reset")
    clock.advance(seconds=59)
    assert ask(limits, "/request-password-reset") is not None
    clock.advance(seconds=2)
    assert ask(limits, "/request-password-reset") is None


def test_a_caller_without_address_is_not_thrown_in_with_all_others(limits):
    assert [ask(limits, "/sign-in/email", "") for _ in range(10)] == [None] * 10


def test_switched_off_nothing_is_counted(tmp_path, clock):
    limits = Limits(make_settings(tmp_path, rate_limits=False), clock)
    assert allowed(limits, "/sign-in/email") == 150
    assert limits.count(FAILURES_PER_ACCOUNT, "account", "x") is None


def fail(limits: Limits, times: int, who: str = "ada") -> list[Exceeded | None]:
    return [limits.count(FAILURES_PER_ACCOUNT, "account", who) for _ in range(times)]


def test_ten_failures_of_an_account_in_five_minutes(limits, clock):
    assert fail(limits, 10) == [None] * 10
    assert fail(limits, 2) == [Exceeded(300, first=True), Exceeded(300, first=False)]
    assert fail(limits, 1, "bob") == [None]
    clock.advance(minutes=5, seconds=1)
    assert fail(limits, 1) == [None]


def test_what_was_no_failure_is_taken_back(limits):
    for _ in range(30):
        assert fail(limits, 1) == [None]
        limits.refund(FAILURES_PER_ACCOUNT, "account", "ada")


def test_of_fifty_at_once_no_more_pass_than_one_by_one(limits):
    with ThreadPoolExecutor(16) as threads:
        counted = list(threads.map(lambda _: fail(limits, 1)[0], range(50)))
    assert counted.count(None) == 10
    assert sum(each.first for each in counted if each) == 1


@pytest.fixture
def without_redis(tmp_path, clock) -> Limits:
    """Nobody listens on this port."""
    return Limits(make_settings(tmp_path, redis_url="redis://127.0.0.1:1/0"), clock)


def test_when_redis_is_away_each_process_counts_for_itself(without_redis):
    assert allowed(without_redis, "/sign-in/email") == 3
    assert fail(without_redis, 11)[10] == Exceeded(300, first=True)


def test_and_complains_once_a_minute(without_redis, clock):
    with capture_logs() as said:
        allowed(without_redis, "/sign-in/email")
        clock.advance(seconds=59)
        allowed(without_redis, "/sign-in/email")
    assert [line["event"] for line in said] == ["limits_store_away"]
    clock.advance(seconds=5)
    with capture_logs() as said_later:
        allowed(without_redis, "/sign-in/email")
    assert len(said_later) == 1


@pytest.fixture
def broken_redis() -> Iterator[tuple[int, list[int]]]:
    """A server that hangs up on everybody: its port, and the callers so far."""
    callers: list[int] = []

    def hang_up() -> None:
        while True:
            caller, (_, port) = listening.accept()
            callers.append(port)
            caller.close()
            if stopped.is_set():
                return

    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=hang_up)
        thread.start()
        yield port, callers
        stopped.set()
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()


def test_a_redis_that_is_away_is_left_alone_for_five_seconds(tmp_path, clock, broken_redis):
    port, callers = broken_redis
    limits = Limits(make_settings(tmp_path, redis_url=f"redis://127.0.0.1:{port}/0"), clock)
    fail(limits, 1)
    before = len(callers)
    assert before > 0
    clock.advance(seconds=4.9)
    assert fail(limits, 9) == [None] * 9
    assert fail(limits, 1) == [Exceeded(296, first=True)]
    assert len(callers) == before
    clock.advance(seconds=0.1)
    fail(limits, 1)
    assert len(callers) > before


def test_who_proves_himself_meanwhile_begins_anew(without_redis):
    fail(without_redis, 11)
    without_redis.clear(FAILURES_PER_ACCOUNT, "account", "ada")
    assert fail(without_redis, 1) == [None]


def test_counting_takes_no_thread_of_its_own(tmp_path, clock):
    before = threading.enumerate()
    limits = Limits(make_settings(tmp_path), clock)
    allowed(limits, "/sign-in/email")
    assert threading.enumerate() == before
