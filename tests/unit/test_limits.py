"""Rate limits: how many requests a caller may send."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from backend.kernel.settings import SettingsError
from backend.limits.limiter import Exceeded, Limiter
from backend.limits.rules import FAILURES_PER_ACCOUNT, auth_rule
from tests.clocks import FixedClock
from tests.make import make_settings

ADA, BOB = "203.0.113.7", "198.51.100.9"


@pytest.fixture
def limiter(tmp_path, clock: FixedClock) -> Limiter:
    return Limiter(make_settings(tmp_path), clock)


def count_request(limiter: Limiter, path: str, address: str = ADA) -> Exceeded | None:
    rule = auth_rule(path, strict=True)
    return asyncio.run(limiter.count_async(rule, address, path)) if rule else None


def count_allowed(limiter: Limiter, path: str, at_most: int = 150) -> int:
    """How many calls pass before the first is refused."""
    return next((n for n in range(at_most) if count_request(limiter, path)), at_most)


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
def test_each_path_has_better_auths_limit(limiter, path, amount):
    assert count_allowed(limiter, path) == amount


def test_each_address_counts_for_itself(limiter):
    assert count_allowed(limiter, "/sign-in/email") == 3
    assert count_request(limiter, "/sign-in/email", BOB) is None


def test_each_path_counts_for_itself(limiter):
    assert count_allowed(limiter, "/sign-in/email") == 3
    assert count_request(limiter, "/sign-up/email") is None


def test_after_ten_seconds_it_begins_anew(limiter, clock):
    assert count_allowed(limiter, "/sign-in/email") == 3
    clock.advance(seconds=9.9)
    assert count_request(limiter, "/sign-in/email") is not None
    clock.advance(seconds=0.2)
    assert count_allowed(limiter, "/sign-in/email") == 3


def test_a_refusal_tells_how_long_and_whether_it_is_the_first(limiter, clock):
    count_allowed(limiter, "/sign-up/email")
    clock.advance(seconds=4)
    assert count_request(limiter, "/sign-up/email") == Exceeded(6, first=False)
    clock.advance(seconds=7)
    for _ in range(3):
        count_request(limiter, "/sign-up/email")
    assert count_request(limiter, "/sign-up/email") == Exceeded(10, first=True)


def test_mails_are_limited_by_the_minute(limiter, clock):
    count_allowed(limiter, "/request-password-reset")
    clock.advance(seconds=59)
    assert count_request(limiter, "/request-password-reset") is not None
    clock.advance(seconds=2)
    assert count_request(limiter, "/request-password-reset") is None


def test_switched_off_nothing_is_counted(tmp_path, clock):
    limiter = Limiter(make_settings(tmp_path, rate_limits=False), clock)
    assert count_allowed(limiter, "/sign-in/email") == 150
    assert limiter.count(FAILURES_PER_ACCOUNT, "x") is None


def count_failures(limiter: Limiter, times: int, account: str = "ada") -> list[Exceeded | None]:
    return [limiter.count(FAILURES_PER_ACCOUNT, account) for _ in range(times)]


def test_ten_failures_of_an_account_in_five_minutes(limiter, clock):
    assert count_failures(limiter, 10) == [None] * 10
    assert count_failures(limiter, 2) == [Exceeded(300, first=True), Exceeded(300, first=False)]
    assert count_failures(limiter, 1, "bob") == [None]
    clock.advance(minutes=5, seconds=1)
    assert count_failures(limiter, 1) == [None]


def test_what_was_no_failure_is_taken_back(limiter):
    for _ in range(30):
        assert count_failures(limiter, 1) == [None]
        limiter.refund(FAILURES_PER_ACCOUNT, "ada")


def test_of_fifty_at_once_no_more_pass_than_one_by_one(limiter):
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda _: count_failures(limiter, 1)[0], range(50)))
    assert results.count(None) == 10
    assert sum(each.first for each in results if each) == 1


@pytest.fixture
def without_redis(tmp_path, clock) -> Limiter:
    """Nobody listens on this port."""
    return Limiter(make_settings(tmp_path, redis_url="redis://127.0.0.1:1/0"), clock)


def test_when_redis_is_away_each_process_counts_for_itself(without_redis):
    assert count_allowed(without_redis, "/sign-in/email") == 3
    assert count_failures(without_redis, 11)[10] == Exceeded(300, first=True)


@pytest.mark.parametrize("option", ["foo=bar", "socket_timeout=soon"])
def test_an_option_redis_does_not_know_is_refused_at_the_start(tmp_path, clock, option):
    settings = make_settings(tmp_path, redis_url=f"redis://127.0.0.1:1/0?{option}")
    with pytest.raises(SettingsError, match="REDIS_URL"):
        Limiter(settings, clock)


def test_and_complains_once_a_minute(without_redis, clock):
    with capture_logs() as logs:
        count_allowed(without_redis, "/sign-in/email")
        clock.advance(seconds=59)
        count_allowed(without_redis, "/sign-in/email")
    assert [line["event"] for line in logs] == ["limits_store_away"]
    clock.advance(seconds=5)
    with capture_logs() as later_logs:
        count_allowed(without_redis, "/sign-in/email")
    assert len(later_logs) == 1


@pytest.fixture
def broken_redis() -> Iterator[tuple[int, list[int]]]:
    """A server that closes all connections: its port, and the callers so far."""
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
    limiter = Limiter(make_settings(tmp_path, redis_url=f"redis://127.0.0.1:{port}/0"), clock)
    count_failures(limiter, 1)
    before = len(callers)
    assert before > 0
    clock.advance(seconds=4.9)
    assert count_failures(limiter, 9) == [None] * 9
    assert count_failures(limiter, 1) == [Exceeded(296, first=True)]
    assert len(callers) == before
    clock.advance(seconds=0.1)
    count_failures(limiter, 1)
    assert len(callers) > before


def test_who_proves_himself_meanwhile_begins_anew(without_redis):
    count_failures(without_redis, 11)
    without_redis.clear(FAILURES_PER_ACCOUNT, "ada")
    assert count_failures(without_redis, 1) == [None]


def test_counting_takes_no_thread_of_its_own(tmp_path, clock):
    before = threading.enumerate()
    limiter = Limiter(make_settings(tmp_path), clock)
    count_allowed(limiter, "/sign-in/email")
    assert threading.enumerate() == before
