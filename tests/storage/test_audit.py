"""The audit trail, on every database."""

from uuid import UUID

from sqlalchemy import select

from backend.kernel.client import Client
from backend.kernel.events import Event, EventKind
from backend.storage.tables import audit_events
from backend.storage.work import Work, run_query
from tests.clocks import NOON

ALICE, BOB = UUID(int=10), UUID(int=11)


def test_an_event_comes_back_exactly_as_stored(runtime, database):
    detail = {"known": True, "sessions": 3, "reason": "said 'no' 🐟 %s"}
    client = Client("192.0.2.9", "a browser", "request-1")

    with Work(runtime, client) as work:
        work.record(Event(EventKind.SESSION_REVOKED, actor=ALICE, subject=BOB, detail=detail))

    row = run_query(database, lambda db: db.execute(select(audit_events)).one())
    assert (row.at, row.kind, row.actor_id, row.subject_id) == (
        NOON,
        "session_revoked",
        ALICE,
        BOB,
    )
    assert (row.ip_address, row.user_agent, row.request_id) == (
        "192.0.2.9",
        "a browser",
        "request-1",
    )
    assert row.detail == detail


def test_a_strangers_event_names_nobody(runtime, database):
    with Work(runtime, Client("", "", "")) as work:
        work.record(Event(EventKind.SIGN_IN_FAILED))

    row = run_query(database, lambda db: db.execute(select(audit_events)).one())
    assert (row.actor_id, row.subject_id, row.detail) == (None, None, {})
