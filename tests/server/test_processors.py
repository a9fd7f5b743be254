"""The real server on real processors: where its threads are."""

import os
import threading

import httpx
import pytest

from backend.process.cpu_affinity import LinuxScheduler, unpin
from tests.make import PASSWORD
from tests.rig.space import Space

EVERYWHERE = frozenset(os.sched_getaffinity(0))


@pytest.fixture
def start(tmp_path):
    started = []

    def start_space(**environment):
        started.append(Space(tmp_path, environment).start())
        return started[-1]

    yield start_space
    for space in started:
        space.kill9()


def threads(space):
    """The threads of the server, the event loop's first."""
    thread_ids = map(int, os.listdir(f"/proc/{space.pid}/task"))
    return [space.pid, *(each for each in thread_ids if each != space.pid)]


def list_affinities(space):
    """Where each thread of the server may run, the event loop's first."""
    return [frozenset(os.sched_getaffinity(thread)) for thread in threads(space)]


def sign_up(space):
    payload = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
    response = httpx.post(f"{space.url}/api/auth/sign-up/email", json=payload)
    assert response.status_code == 200


def test_all_threads_are_on_one_processor_but_those_that_hash(start):
    space = start(HASH_THREADS="1")
    loop, *others = list_affinities(space)
    assert len(loop) == 1
    assert set(others) == {loop}
    sign_up(space)
    assert list_affinities(space)[0] == loop
    roaming = [affinity for affinity in list_affinities(space) if affinity != loop]
    assert roaming == ([EVERYWHERE] if len(EVERYWHERE) > 1 else [])


def test_workers_never_interrupt_the_event_loop(start):
    space = start(PANEL="off")
    assert httpx.post(f"{space.url}/api/auth/sign-out").status_code == 200
    loop, *others = (os.sched_getscheduler(each) for each in threads(space))
    assert loop == os.SCHED_OTHER
    assert os.SCHED_BATCH in others


def test_whoever_wishes_has_them_everywhere(start):
    space = start(ONE_PROCESSOR="off")
    sign_up(space)
    assert set(list_affinities(space)) == {EVERYWHERE}


def test_the_system_tells_what_we_ask_of_it():
    scheduler = LinuxScheduler()
    own, gone = threading.get_native_id(), 2**22 - 1
    assert own in scheduler.threads()
    assert scheduler.threads()[0] == os.getpid()
    assert scheduler.get_affinity(own) == scheduler.usable == EVERYWHERE
    assert scheduler.idle().keys() >= EVERYWHERE
    ran, waited = scheduler.run_and_wait_times(own)
    while scheduler.run_and_wait_times(own)[0] == ran:
        pass
    assert scheduler.run_and_wait_times(own)[1] >= waited >= 0
    scheduler.set_affinity(gone, {0})
    assert scheduler.get_affinity(gone) == set()


def test_a_thread_that_was_put_somewhere_may_roam_again():
    affinities = []

    def work():
        first = min(EVERYWHERE)
        LinuxScheduler().set_affinity(threading.get_native_id(), {first})
        affinities.append(os.sched_getaffinity(0))
        unpin()
        affinities.append(os.sched_getaffinity(0))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert affinities == [{min(EVERYWHERE)}, EVERYWHERE]
