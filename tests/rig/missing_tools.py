"""The one way to leave a test out; tests.rig.plugin refuses every other."""

import os
from typing import NoReturn

import pytest

LACKS = "this machine lacks "


def skip_test(what: str, why: str) -> NoReturn:
    """Leave the running test out, because `what` is not here; `why` says how to get it."""
    reason = f"{LACKS}{what}: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(f"nothing is skipped where CI=true, but {reason}", pytrace=False)
    pytest.skip(reason)
