"""A server whose log nobody reads: it starts, serves and ends as any other."""

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

from tests.rig.pipes import fill, open_pipe, read_until
from tests.rig.space import ROOT, Space

ACCOUNT = {"name": "Ada", "email": "ada@example.com", "password": "correct horse battery"}


class SpaceWithStreams(Space):
    """A Space whose standard output and error are what a test says."""

    def __init__(self, folder, streams, environment=None):
        super().__init__(
            folder, {"LOG_FORMAT": "json", "RATE_LIMITS": "off", **(environment or {})}
        )
        self._streams = streams

    def _start_process(self, *_):
        return super()._start_process(*self._streams)


class SpaceWithoutStreams(SpaceWithStreams):
    """A Space whose standard output and error are closed from its first instruction on."""

    def __init__(self, folder):
        super().__init__(folder, (None, None))

    def _start_process(self, *_):
        return subprocess.Popen(
            [sys.executable, ROOT / "app.py"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            preexec_fn=close_both,
        )


def close_both():
    os.close(1)
    os.close(2)


def post(space, path, **more):
    payload = {**ACCOUNT, **more}
    headers = {"origin": space.url}
    return httpx.post(
        f"{space.url}/api/auth/{path}", json=payload, headers=headers, timeout=30, trust_env=False
    )


def serves(space):
    """Everything that logs answers as ever, and what is acknowledged is stored."""
    assert post(space, "sign-up/email").status_code == 200
    assert post(space, "sign-up/email").status_code == 422
    assert post(space, "sign-in/email").status_code == 200
    assert post(space, "sign-in/email", password="wrong wrong").status_code == 401


def test_a_reader_of_the_log_that_dies_stops_nothing(tmp_path):
    with open_pipe() as pipe, SpaceWithStreams(tmp_path, (pipe[1], pipe[1])) as space:
        pipe.close(*pipe)
        serves(space)
        assert space.terminate() == 0


def test_a_server_with_closed_streams_starts_and_keeps_its_files_clean(tmp_path):
    with SpaceWithoutStreams(tmp_path) as space:
        serves(space)
        for number in (1, 2):
            assert os.readlink(f"/proc/{space.pid}/fd/{number}") == os.devnull
        assert space.terminate() == 0


def test_a_full_disk_under_the_log_stops_nothing(tmp_path):
    with open("/dev/full", "wb") as full, SpaceWithStreams(tmp_path, (full, full)) as space:
        serves(space)
        assert space.terminate() == 0


@pytest.mark.parametrize("ends", [[signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM]], ids=len)
def test_a_pipe_that_nobody_empties_stops_neither_start_nor_service_nor_end(tmp_path, ends):
    with open_pipe() as (_, write):
        fill(write)
        with SpaceWithStreams(tmp_path, (write, write)) as space:
            serves(space)
            for each in ends:
                os.kill(space.pid, each)
            assert space.wait(30) in {0, 128 + signal.SIGTERM}


def test_a_start_that_is_refused_ends_though_nobody_reads_why(tmp_path):
    with open_pipe() as (_, write):
        fill(write)
        refused = {"ADMIN_EMAIL": "root@example.com"}  # without its password
        assert (
            SpaceWithStreams(tmp_path, (write, write), environment=refused).launch().wait(30) == 1
        )


def test_the_last_lines_before_an_orderly_end_are_there(tmp_path):
    with Space(tmp_path, {"LOG_FORMAT": "json", "RATE_LIMITS": "off"}) as space:
        for number in range(20):
            post(space, "sign-up/email", email=f"user{number}@example.com")
        space.terminate()
        lines = [json.loads(line) for line in space.log.splitlines() if line.startswith("{")]
    assert [line["event"] for line in lines].count("sign_up") == 20


def test_what_was_dropped_is_told_once_somebody_reads_again(tmp_path):
    with open_pipe() as (read, write):
        fill(write)
        with (
            open(os.devnull, "wb") as nowhere,
            SpaceWithStreams(tmp_path, (nowhere, write)) as space,
        ):
            serves(space)
            output = read_until(read, b"sign_in_failed")
            assert space.terminate() == 0
    assert output.count(b'"sign_up"') == 1  # nothing was lost: it fitted the buffer
