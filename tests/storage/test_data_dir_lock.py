"""With SQLite only one server uses a data folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.kernel.settings import SettingsError
from backend.storage.sqlite.data_dir_lock import lock_data_dir

ROOT = Path(__file__).parents[2]
SERVER = (
    "import sys, pathlib; from backend.storage.sqlite.data_dir_lock import lock_data_dir; "
    "lock = lock_data_dir(pathlib.Path(sys.argv[1])); print('owned', flush=True); sys.stdin.read()"
)


@pytest.fixture
def server(tmp_path):
    """Another process that has locked the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, tmp_path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "owned\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_server_is_refused_in_one_line_that_says_what_to_do(tmp_path, server):
    with pytest.raises(SettingsError) as refusal:
        lock_data_dir(tmp_path)
    message = str(refusal.value)
    assert f"(process {server.pid}) already uses {tmp_path}." in message
    assert "DATA_DIR" in message
    assert "\n" not in message


def test_a_killed_server_leaves_nothing_behind(tmp_path, server):
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    lock_data_dir(tmp_path).close()


def test_a_server_that_ended_leaves_the_folder_to_the_next(tmp_path):
    lock_data_dir(tmp_path).close()
    second = lock_data_dir(tmp_path)
    with pytest.raises(SettingsError, match=f"process {os.getpid()}"):
        lock_data_dir(tmp_path)
    second.close()


def test_a_folder_that_is_not_there_yet_is_made(tmp_path):
    lock_data_dir(tmp_path / "new" / "data").close()
    assert (tmp_path / "new" / "data").is_dir()


def test_a_folder_that_cannot_be_written_is_named_in_one_line(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SettingsError, match=r"cannot be written.*Set DATA_DIR"):
        lock_data_dir(tmp_path / "data")
