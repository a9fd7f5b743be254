"""The parameters a handler may declare, and the error at start for any other."""

from collections import Counter
from datetime import datetime

import pytest

from backend.storage.db import Db
from backend.storage.work import Work
from backend.web.routing.endpoint import Endpoint
from backend.web.routing.routes import Routes, signature_of


async def waits_and_writes(work: Work) -> None: ...
async def waits_and_reads(db: Db) -> None: ...
def reads_beside_its_work(work: Work, db: Db) -> None: ...
def asks_for_either(when: datetime | str) -> None: ...


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (
            waits_and_writes,
            "waits_and_writes is async and asks for Work, which would hold up the event loop: "
            "write it with def, and it runs in a worker thread",
        ),
        (
            waits_and_reads,
            "waits_and_reads is async and asks for Db, which would hold up the event loop: "
            "write it with def, and it runs in a worker thread",
        ),
        (
            reads_beside_its_work,
            "reads_beside_its_work asks for Work and Db: work.db is the one to use",
        ),
        (
            asks_for_either,
            "asks_for_either(when): nothing provides datetime.datetime | str",
        ),
    ],
)
def test_it_is_refused_in_one_line(handler, message):
    with pytest.raises(TypeError) as error:
        signature_of(handler, "/x")
    assert str(error.value) == message


def test_so_is_one_that_asks_for_a_service_nobody_has(gatehouse):
    def counts(counter: Counter) -> None: ...

    routes = Routes("test")
    routes.get("/x")(counts)
    with pytest.raises(TypeError, match=r"counts\(counter\): nothing provides .*Counter"):
        Endpoint(routes.specs[0], gatehouse.context)


def test_a_plain_one_may_read_or_write():
    def writes(work: Work) -> None: ...
    def reads(db: Db) -> None: ...

    assert signature_of(writes, "/x").work == "work"
    assert signature_of(reads, "/x").db == "db"
