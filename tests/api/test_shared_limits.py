"""Several replicas that share their limits in Redis."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.limits.limiter import Limiter
from backend.limits.rules import FAILURES_PER_ACCOUNT
from tests.in_process import Gatehouse
from tests.rig import shared
from tests.rig.missing_tools import skip_test
from tests.rig.processes import free_port, is_listening, wait_until
from tests.security.test_limits_bypass import add_things_endpoint


class Redis:
    """A Redis of this test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes]

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        shared.register_process(self._process.pid)
        wait_until(lambda: is_listening(self.port), "Redis")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        shared.unregister_process(self._process.pid)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    if not shutil.which("redis-server"):
        skip_test("Redis", "install the package redis-server")
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def replicas(redis: Redis, start: Callable[..., Gatehouse], postgres_url: str) -> list[Gatehouse]:
    settings = {"rate_limits": True, "redis_url": redis.url, "database_url": postgres_url}
    return [start(**settings), start(**settings)]


def test_what_one_has_counted_the_other_knows(replicas):
    first, second = (each.visitor() for each in replicas)
    assert [first.sign_in().status_code for _ in range(2)] == [401, 401]
    assert [second.sign_in().status_code for _ in range(2)] == [401, 429]
    assert first.sign_in().status_code == 429


def test_guesses_at_one_account_are_counted_together(replicas):
    statuses = [
        replicas[number % 2].visitor(f"198.51.100.{number}").sign_in(password="x").status_code
        for number in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2


def test_the_limit_per_user_is_shared_too(replicas):
    ada = replicas[0].member()
    elsewhere = replicas[1].visitor()
    elsewhere.cookies = dict(ada.cookies)
    responses = [browser.get("/api/me") for browser in (ada, elsewhere) * 6]
    assert [response.status_code for response in responses] == [200] * 10 + [429] * 2


def test_of_an_endpoint_with_a_place_in_its_path_all_paths_count_together(replicas):
    for each in replicas:
        add_things_endpoint(each)
    ada = replicas[0].member()
    elsewhere = replicas[1].visitor()
    elsewhere.cookies = dict(ada.cookies)
    responses = [(ada, elsewhere)[n % 2].get(f"/api/things/{n}") for n in range(12)]
    assert [response.status_code for response in responses] == [200] * 10 + [429] * 2
    assert ada.get("/api/me").status_code == 200, "another endpoint has a count of its own"


def test_without_redis_each_counts_for_itself_and_people_still_get_in(replicas, redis):
    ada = replicas[0].member()
    redis.stop()
    assert ada.sign_in().status_code == 200
    assert {ada.get("/api/me").status_code for _ in range(10)} == {200}
    visitor = replicas[1].visitor("192.0.2.7")
    assert [visitor.sign_in(password="x").status_code for _ in range(4)] == [401, 401, 401, 429]
    redis.start()


def test_and_the_limit_per_user_holds_too(replicas, redis):
    ada = replicas[0].member()
    redis.stop()
    assert [ada.get("/api/me").status_code for _ in range(11)] == [200] * 10 + [429]
    redis.start()


def test_once_redis_is_back_they_count_together_again(replicas, redis, clock):
    first, second = (each.visitor() for each in replicas)
    redis.stop()
    assert {each.sign_in().status_code for each in (first, second)} == {401}
    redis.start()
    clock.advance(seconds=5)
    statuses = [each.sign_in().status_code for each in (first, second) * 2]
    assert statuses == [401, 401, 401, 429]


def test_what_is_forgotten_in_redis_is_forgotten_in_the_process_too(replicas, redis, clock):
    limiter, ada = replicas[0].context.services[Limiter], (FAILURES_PER_ACCOUNT, "ada")
    redis.stop()
    assert [limiter.count(*ada) is None for _ in range(11)] == [True] * 10 + [False]
    redis.start()
    clock.advance(seconds=5)
    limiter.clear(*ada)
    redis.stop()
    assert limiter.count(*ada) is None
    redis.start()
