"""The databases of these tests: SQLite, and PostgreSQL without a pooler.

The tests of `storage` run on all three kinds, those of `api` on PostgreSQL behind PgBouncer.
"""

import pytest

from tests.rig.fixtures import make_database_target

database_target = pytest.fixture(params=["sqlite", "postgresql"], name="database_target")(
    make_database_target
)
