"""To which part of the code a sampled line belongs."""

import pytest

from bench.profile import part_of, shown


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("read (backend/features/sessions/reader.py:74)", "our endpoint, session and limits"),
        ("incr (limits/storage/memory.py:90)", "our endpoint, session and limits"),
        ("execute (backend/storage/db.py:70)", "our storage"),
        ("__call__ (backend/web/entrance.py:50)", "our layers around each request"),
        ("app (fastapi/routing.py:300)", "FastAPI and Starlette"),
        ("_execute_context (sqlalchemy/engine/base.py:1813)", "SQLAlchemy and psycopg2"),
        ("wait (threading.py:320)", "threads and their locks"),
        ("asyncio_run (uvicorn/_compat.py:60)", "event loop, sockets and HTTP"),
        ("loads (json/__init__.py:346)", "everything else"),
    ],
)
def test_a_line_belongs_to_the_part_its_file_is_in(line, part):
    assert part_of(line) == part


def test_checkouts_stand_beside_each_other_with_their_sums():
    before = {"our storage": 30.0, "FastAPI and Starlette": 10.04}
    page = shown([before, {"our storage": 12.0}], ["before", "after"]).splitlines()
    assert page[0] == "| part | before | after |"
    assert "| our storage | 30.0 | 12.0 |" in page
    assert "| FastAPI and Starlette | 10.0 | 0.0 |" in page
    assert page[-1] == "| all of it | 40.0 | 12.0 |"
