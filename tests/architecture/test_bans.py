"""The list of banned calls in pyproject.toml, tried with ruff itself."""

import subprocess
import sys

import pytest

from tests.architecture.source import ROOT


def is_banned(path: str, code: str) -> bool:
    """Whether ruff, with our settings, would refuse this code in a file of that name."""
    process = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename", path],
        input=code,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode in {0, 1}, process.stderr
    return "TID251" in process.stdout


BANNED = [
    "import datetime\nnow = datetime.datetime.now(datetime.UTC)",
    "from datetime import datetime\nnow = datetime.utcnow()",
    "import time\nnow = time.time()",
    "from time import monotonic",
    "import time as t\nt.sleep(1)",
    "from secrets import token_bytes",
    "import random",
    "import os\nport = os.environ['PORT']",
    "from os import getenv",
    "import uuid\nid = uuid.uuid4()",
    "from http.cookies import SimpleCookie",
    "from starlette.middleware.base import BaseHTTPMiddleware",
]


@pytest.mark.parametrize("code", BANNED)
def test_clock_chance_and_environment_are_refused_outside_the_kernel(code):
    assert is_banned("backend/limits/limiter.py", code)


def test_the_kernel_is_their_home():
    assert not is_banned("backend/kernel/clock.py", "\n".join(BANNED))


def test_reading_a_given_time_is_no_crime():
    assert not is_banned("backend/web/wire.py", "from datetime import datetime\nd = datetime.max")
