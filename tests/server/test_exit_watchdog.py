"""A process that hangs at its end is ended; what needs its own time then is given it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HANGS = """
import threading
from backend.process import exit_watchdog
{before}
threading.Event().wait({seconds})
print("ended by itself")
"""


def run(before: str, seconds: float) -> subprocess.CompletedProcess[str]:
    program = HANGS.format(before=before, seconds=seconds)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_process_that_hangs_is_ended_and_says_where():
    ended = run("exit_watchdog.exit_after(0.2)", 60)
    assert ended.returncode == 1
    assert "Thread" in ended.stderr
    assert "wait" in ended.stderr


def test_what_begins_at_the_end_is_given_time_of_its_own():
    ended = run("exit_watchdog.exit_after(0.2)\nexit_watchdog.extend_deadline(60)", 0.6)
    assert (ended.returncode, ended.stdout) == (0, "ended by itself\n")


def test_a_process_that_is_not_ending_is_left_alone():
    ended = run("exit_watchdog.extend_deadline(0.2)", 0.6)
    assert (ended.returncode, ended.stdout) == (0, "ended by itself\n")


def test_once_all_threads_are_joined_the_interpreter_may_take_its_time():
    leaves_slowly = (
        "import atexit, time\natexit.register(time.sleep, 1.2)\nexit_watchdog.exit_after(1)"
    )
    ended = run(leaves_slowly, 0)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended by itself\n", "")
