"""The databases of these tests: SQLite, and PostgreSQL behind PgBouncer, as Neon has it.

The tests of `storage` run on all three kinds, those of `security` on PostgreSQL without a pooler.
"""

import pytest

from tests.rig.fixtures import make_database_target

database_target = pytest.fixture(params=["sqlite", "pgbouncer"], name="database_target")(
    make_database_target
)
