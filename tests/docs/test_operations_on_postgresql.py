"""What docs/operations.md promises for PostgreSQL and for several replicas."""

import shutil
import subprocess

import pytest

from tests.docs.guide import find_section
from tests.docs.scene import Person, open_scene
from tests.rig import shared
from tests.rig.missing_tools import skip_test
from tests.rig.postgres import PostgresServer, own_server
from tests.rig.processes import free_port, is_listening, wait_until

PAGE = "docs/operations.md"
SETTINGS, SERVICE = "The settings", "The service"
SHARED, REPLICAS = "The settings they share", "The replicas"


@pytest.fixture(scope="module")
def own_postgres():
    """A server of its own, whose databases may have the names that the guide uses."""
    for program in ("psql", "pg_dump", "pg_restore"):
        if not shutil.which(program):
            skip_test(program, "install the package postgresql-client")
    with own_server() as server:
        server.execute("CREATE DATABASE gatehouse")
        yield server


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory):
    if not shutil.which("redis-server"):
        skip_test("Redis", "install the package redis-server")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(
        command, cwd=tmp_path_factory.mktemp("redis"), stdout=subprocess.DEVNULL
    )
    shared.register_process(process.pid)
    wait_until(lambda: is_listening(port), "Redis")
    yield port
    process.kill()
    process.wait()
    shared.unregister_process(process.pid)


def build_replacements(server: PostgresServer) -> dict[str, str]:
    """What a reader writes in place of the example's user, password and host."""
    return {"USER:PASSWORD@HOST": server.url("").partition("://")[2].removesuffix("/")}


@pytest.fixture(scope="module")
def moved(tmp_path_factory, own_postgres, redis_port):
    """A server that has moved to PostgreSQL; Ada had an account before."""
    replacements = build_replacements(own_postgres) | {"127.0.0.1:6379": f"127.0.0.1:{redis_port}"}
    folder = tmp_path_factory.mktemp("moving")
    for scene in open_scene(folder, settings={"RATE_LIMITS": "on"}, replacements=replacements):
        scene.follow(find_section("docs/deploy-elsewhere.md", SETTINGS, SERVICE))
        before = Person(scene.url)
        assert before.sign_up() == 200
        scene.follow(find_section(PAGE, "From SQLite to PostgreSQL"))
        assert not before.is_known()  # accounts move, sessions do not
        yield scene


def test_people_have_moved_to_postgresql_and_come_back_from_its_backup(moved, own_postgres):
    ada = Person(moved.url)
    assert ada.sign_in() == 200
    moved.follow(find_section(PAGE, "PostgreSQL: back up"))
    own_postgres.drop_database("gatehouse")

    moved.follow(find_section(PAGE, "PostgreSQL: restore"))

    assert ada.is_known()
    assert ada.sign_in() == 200


def test_replicas_count_together_and_a_session_ends_in_all_of_them(moved):
    moved.follow(find_section(PAGE, SHARED, REPLICAS))
    one, other = (f"http://127.0.0.1:{moved.ports[port]}" for port in ("7861", "7862"))

    bob = Person(one, "bob@example.com")
    assert bob.sign_up() == 200
    assert (bob.is_known(one), bob.is_known(other)) == (True, True)
    assert bob.sign_out() == 200
    assert (bob.is_known(one), bob.is_known(other)) == (False, False)

    guesses = [bob.sign_in("a wrong guess", url) for url in (one, one, other, other, one)]
    assert guesses == [401, 401, 401, 429, 429]
