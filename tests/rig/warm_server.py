"""What every server does at its start, whatever its settings: done once, before it is forked.

The patterns of all paths are compiled, and the hash library has chosen its code and tried it.
"""

import alembic.command
import alembic.config  # noqa: F401
from starlette.routing import compile_path

import backend.start  # noqa: F401
import panel  # noqa: F401
from backend.kernel.passwords.hasher import MIN_ROUNDS, PasswordHasher
from backend.routes import FEATURES

for feature in FEATURES:
    for spec in feature.specs:
        compile_path(spec.path)
PasswordHasher(MIN_ROUNDS).self_test()
