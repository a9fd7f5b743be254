"""The garbage collector after the start of a server."""

import subprocess
import sys

START = """
import gc
gc.disable()
import backend.main
from backend.process.garbage_collection import freeze_gc
loaded = len(gc.get_objects())
freeze_gc()
print(loaded > 50_000, len(gc.get_objects()) < 1_000, gc.get_freeze_count() > 50_000)

class Loop:
    def __init__(self):
        self.own = self

for _ in range(100_000):
    Loop()
print(len(gc.get_objects()) < 50_000)
"""


def test_what_has_been_loaded_is_passed_over_and_garbage_is_still_collected():
    result = subprocess.run(
        [sys.executable, "-c", START], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines() == ["True True True", "True"]
