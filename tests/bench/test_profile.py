"""To which part of the code a sampled line belongs."""

import pytest

from tests.lazy_import import lazy_import

profile = lazy_import("bench.profile")


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("read (backend/features/sessions/reader.py:74)", "our endpoint, session and limits"),
        ("incr (limits/storage/memory.py:90)", "our endpoint, session and limits"),
        ("execute (backend/storage/db.py:70)", "asking the database"),
        ("__call__ (backend/web/edge/middleware.py:50)", "our layers around each request"),
        ("app (fastapi/routing.py:300)", "FastAPI and Starlette"),
        ("_execute_context (sqlalchemy/engine/base.py:1813)", "asking the database"),
        ("wait (threading.py:320)", "handing over between threads"),
        ("asyncio_run (uvicorn/_compat.py:60)", "event loop, sockets and HTTP"),
        ("loads (json/__init__.py:346)", "everything else"),
    ],
)
def test_a_line_belongs_to_the_part_its_file_is_in(line, part):
    assert profile.part_of(line) == part


def test_checkouts_stand_beside_each_other_with_their_sums():
    before = {"asking the database": 30.0, "FastAPI and Starlette": 10.4}
    now = {"asking the database": 12.0}
    lines = profile.render_profile(
        {"listing sessions": [before, now]}, ["before", "now"]
    ).splitlines()
    assert lines[0] == "Microseconds of processor time for listing sessions:"
    assert lines[2] == "| part | before | now |"
    assert "| asking the database | 30 | 12 |" in lines
    assert "| FastAPI and Starlette | 10 | 0 |" in lines
    assert lines[-1] == "| all of it | 40 | 12 |"


def test_each_kind_of_request_has_a_table_of_its_own():
    spent = {"a session check": [{}], "listing sessions": [{}]}
    assert profile.render_profile(spent, ["now"]).count("| part | now |") == 2
