"""Lists and figures of the audit trail, compared with plain Python."""

from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest

from backend.kernel.client import Client
from backend.kernel.events import Event, EventKind
from backend.kernel.randomness import SystemRandomness, uuid7
from backend.storage.queries import audit
from backend.storage.queries.audit_list import AuditFilter, find_page
from backend.storage.queries.statistics import TimeSpan, count_in_spans, count_live_sessions
from backend.storage.work import run_query
from tests.clocks import NOON
from tests.storage.conftest import store_session, store_user

ADA, BOB, ROOT = (UUID(int=number) for number in (1, 2, 3))
KINDS = [EventKind.SIGN_IN, EventKind.SIGN_OUT, EventKind.USER_BANNED, EventKind.SIGN_IN_FAILED]
PARTICIPANTS = [
    (ADA, ADA, None),
    (BOB, BOB, None),
    (ROOT, ADA, None),
    (None, ADA, None),
    (None, None, None),
    (BOB, BOB, ROOT),
]


@pytest.fixture
def trail(work):
    """Seventy-two events, a minute apart, of all kinds, actors and subjects."""
    with work() as mine:
        for number, (kind, (actor, subject, admin), address) in enumerate(
            product(KINDS, PARTICIPANTS, ["192.0.2.1", "192.0.2.2", ""])
        ):
            at = NOON + timedelta(minutes=number)
            client = Client(address, "a browser", f"request-{number // 2}", impersonated_by=admin)
            event = Event(kind, actor, subject, {"number": number})
            audit.insert(mine.db, event, uuid7(SystemRandomness(), at), at, client)


ALL = AuditFilter()


def every(database, filters=ALL, limit=1000):
    return list(run_query(database, lambda db: find_page(db, filters, limit)))


def users_in(event):
    return {event.actor_id, event.subject_id, event.impersonated_by}


def plainly(events, filters):
    """The same filter in plain Python."""
    return [
        event
        for event in events
        if (not filters.kinds or event.kind in filters.kinds)
        and (filters.user_id is None or filters.user_id in users_in(event))
        and (filters.address is None or event.ip_address == filters.address)
        and (filters.request_id is None or event.request_id == filters.request_id)
        and (filters.since is None or event.at >= filters.since)
        and (filters.until is None or event.at < filters.until)
        and (filters.before is None or event.id < filters.before)
    ]


def test_any_filters_together_find_exactly_what_meets_them_all(database, trail):
    everything = every(database)
    assert [event.detail["number"] for event in everything] == list(range(71, -1, -1))
    minutes = [NOON + timedelta(minutes=number) for number in (10, 40)]
    for kinds, user_id, address, span, before in product(
        [[], ["sign_in"], ["sign_out", "user_banned", "sign_out"], ["never"]],
        [None, ADA, ROOT, UUID(int=9)],
        [None, "192.0.2.1"],
        [(None, None), (minutes[0], None), (None, minutes[1]), tuple(minutes)],
        [None, everything[30].id],
    ):
        filters = AuditFilter(kinds, user_id, address, None, *span, before)
        expected = plainly(everything, filters)
        assert every(database, filters) == expected
        assert every(database, filters, limit=3) == expected[:3]


def test_what_happened_in_one_request_is_found(database, trail):
    filters = AuditFilter(request_id="request-7")
    assert [event.detail["number"] for event in every(database, filters)] == [15, 14]


def test_each_span_counts_what_lies_within_it(database, trail):
    spans = [
        TimeSpan(NOON + timedelta(minutes=n), NOON + timedelta(minutes=n + 6)) for n in (0, 6, 90)
    ]
    kinds = ["sign_in", "sign_out"]
    everything = every(database)
    counted = run_query(database, lambda db: count_in_spans(db, spans, kinds))
    for span, counts in zip(spans, counted, strict=True):
        for kind in kinds:
            filters = AuditFilter([kind], since=span.since, until=span.until)
            assert counts.events[kind] == len(plainly(everything, filters))
    assert counted[0].events == {"sign_in": 6, "sign_out": 0}


def test_sessions_are_live_from_their_beginning_to_their_end(database, work):
    user = store_user(work)
    for number in range(4):
        began = NOON + timedelta(hours=number)
        session_id = uuid7(SystemRandomness(), began)
        ends = began + timedelta(hours=2)
        store_session(work, user, id=session_id, created_at=began, expires_at=ends)
    hours = [NOON + timedelta(hours=number) for number in range(7)]
    spans = [TimeSpan(start, start + timedelta(hours=1)) for start in hours]
    counted = run_query(database, lambda db: count_in_spans(db, spans, []))
    assert [each.sessions_started for each in counted] == [1, 1, 1, 1, 0, 0, 0]
    assert [each.sessions_expired for each in counted] == [0, 0, 1, 1, 1, 1, 0]
    live = [run_query(database, lambda db, at=at: count_live_sessions(db, at)) for at in hours]
    assert live == [0, 1, 2, 2, 2, 1, 0]
