"""The one way to leave a test out; tests.rig.plugin refuses every other."""

import os
from typing import NoReturn

import pytest

LACKS = "this machine lacks "


def skip_test(tool: str, remedy: str) -> NoReturn:
    """Leave the running test out, because `tool` is not here; `remedy` says how to get it."""
    reason = f"{LACKS}{tool}: {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"nothing is skipped where CI=true, but {reason}", pytrace=False)
    pytest.skip(reason)
