"""Endpoints that only read: no transaction, one statement where one is enough."""

import pytest

from backend.features.sessions.dependencies import SignedIn
from backend.storage.db import Db
from backend.storage.errors import DatabaseConflict
from backend.storage.queries import users
from backend.web.routing.endpoint import Endpoint
from backend.web.routing.routes import Routes
from backend.web.wire import WireModel
from tests.admins import make_admin


class Count(WireModel):
    number: int


def add_endpoint(gatehouse, handler):
    routes = Routes("test", prefix="/api", auth_rules=False)
    routes.get("/count", response_model=Count)(handler)
    gatehouse.app.router.routes.insert(0, Endpoint(routes.specs[0], gatehouse.context))


def test_one_statement_and_no_transaction(any_gatehouse):
    def count(db: Db) -> Count:
        return Count(number=users.count(db))

    add_endpoint(any_gatehouse, count)
    any_gatehouse.member()
    with any_gatehouse.statements() as statements:
        assert any_gatehouse.visitor().get("/api/count").json() == {"number": 1}
    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


@pytest.mark.parametrize(
    "path",
    [
        "list-sessions",
        "list-accounts",
        "admin/list-users",
        "/api/admin/users",
        "/api/admin/sessions",
        "/api/admin/events",
        "/api/admin/stats",
        "/api/admin/outbox",
    ],
)
def test_what_only_reads_begins_no_transaction(any_gatehouse, path):
    root = make_admin(any_gatehouse)
    root.session()
    with any_gatehouse.statements() as statements:
        assert root.get(path).status_code == 200
    assert [each for each in statements if not each.startswith(("SELECT", "WITH"))] == []


def test_it_is_asked_once_more_when_the_connection_was_dead(gatehouse):
    tries = []

    def count(db: Db, current: SignedIn) -> Count:
        tries.append(current.user.email)
        if len(tries) == 1:
            raise DatabaseConflict("the connection was dead")
        return Count(number=len(tries))

    add_endpoint(gatehouse, count)
    assert gatehouse.member().get("/api/count").json() == {"number": 2}
