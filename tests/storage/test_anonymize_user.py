"""What is left of a deleted user, on every database."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from backend.kernel.client import Client
from backend.kernel.events import Event, EventKind
from backend.storage.queries import audit, users
from backend.storage.tables import audit_events
from backend.storage.work import Work, run_query
from tests.storage.conftest import store_user

ADA, ADMIN, OTHER = UUID(int=10), UUID(int=11), UUID(int=12)
HERE = Client("192.0.2.9", "a browser", "request-1")


@pytest.mark.parametrize(
    ("actor", "subject", "expected"),
    [
        (ADA, ADA, (None, None, "", "", "")),
        (None, ADA, (None, None, "", "", "")),
        (ADMIN, ADA, (ADMIN, None, *("192.0.2.9", "a browser", "request-1"))),
        (ADA, OTHER, (None, OTHER, "", "", "")),
        (OTHER, OTHER, (OTHER, OTHER, *("192.0.2.9", "a browser", "request-1"))),
        (None, None, (None, None, *("192.0.2.9", "a browser", "request-1"))),
        (None, OTHER, (None, OTHER, *("192.0.2.9", "a browser", "request-1"))),
    ],
    ids=str,
)
def test_a_line_keeps_what_does_not_name_who_has_gone(runtime, database, actor, subject, expected):
    with Work(runtime, HERE) as work:
        work.record(Event(EventKind.SIGN_IN, actor, subject, {"method": "password"}))
    with Work(runtime, HERE) as work:
        audit.anonymize_user(work.db, ADA)

    row = run_query(database, lambda db: db.execute(select(audit_events)).one())

    actual = (row.actor_id, row.subject_id, row.ip_address, row.user_agent, row.request_id)
    assert actual == expected
    assert (row.kind, row.detail) == ("sign_in", {"method": "password"})


@pytest.mark.parametrize(("banned", "detail"), [(ADA, {}), (OTHER, {"ban_reason": "spam"})])
def test_what_an_admin_wrote_about_who_has_gone_is_removed(runtime, database, banned, detail):
    with Work(runtime, HERE) as work:
        work.record(Event(EventKind.USER_BANNED, ADMIN, banned, {"ban_reason": "spam"}))
    with Work(runtime, HERE) as work:
        audit.anonymize_user(work.db, ADA)
    row = run_query(database, lambda db: db.execute(select(audit_events)).one())
    assert row.detail == detail


@pytest.mark.parametrize(
    ("admin", "user", "expected"),
    [
        (ADMIN, ADA, (ADMIN, None, "192.0.2.9")),
        (ADA, OTHER, (audit.DELETED_ADMIN, OTHER, "")),
    ],
)
def test_a_line_says_for_ever_that_an_admin_acted_as_the_user(
    runtime, database, admin, user, expected
):
    acting = replace(HERE, impersonated_by=admin)
    with Work(runtime, acting) as work:
        work.record(Event(EventKind.USER_UPDATED, user, user))
    with Work(runtime, HERE) as work:
        audit.anonymize_user(work.db, ADA)
    row = run_query(database, lambda db: db.execute(select(audit_events)).one())
    assert (row.impersonated_by, row.actor_id, row.ip_address) == expected


def test_only_an_unproved_account_loses_its_password(work, database):
    proved = store_user(work, email_verified=True)
    unproved, spared = store_user(work), store_user(work)
    with work() as mine:
        for each in (proved, unproved, spared):
            users.clear_password_of_unverified(mine.db, each.email, except_id=spared.id)

    def find_hash(user):
        return run_query(database, lambda db: users.find_password_hash(db, user.id))

    assert (find_hash(proved), find_hash(unproved), find_hash(spared)) == ("hash", None, "hash")


def test_an_address_is_proved_once_and_only_while_it_is_the_users(work, clock):
    ada = store_user(work)
    later = clock.now() + timedelta(seconds=1)

    def verify(email):
        with work() as mine:
            return users.verify_email(mine.db, ada.id, email, {"name": "Ada"}, later)

    assert verify("old@example.com") is None
    verified = verify(ada.email)
    assert verified is not None
    assert (verified.email_verified, verified.name, verified.updated_at) == (True, "Ada", later)
    assert verify(ada.email) is None


def test_an_address_is_changed_unless_it_is_taken_or_not_what_was_seen(work, clock):
    ada, grace = store_user(work), store_user(work)

    def change_email(current, new):
        mine = work()
        changed = users.change_email(mine.db, ada.id, current, new, clock.now())
        if changed is None:  # the transaction is over, as the function says
            mine.__exit__(RuntimeError, None, None)
        else:
            mine.__exit__(None, None, None)
        return changed

    assert change_email("other@example.com", "new@example.com") is None
    assert change_email(ada.email, grace.email) is None
    changed = change_email(ada.email, "new@example.com")
    assert changed is not None
    assert changed.email == "new@example.com"


def test_whoever_is_changed_is_forgotten_by_the_cache(work, effects):
    ada = store_user(work)
    with work() as mine:
        users.verify_email(mine.db, ada.id, ada.email, {}, mine.now())
    with work() as mine:
        users.change_email(mine.db, ada.id, ada.email, "new@example.com", mine.now())
    with work() as mine:
        users.delete_one(mine.db, ada.id)

    assert effects.forgotten[-3:] == [{ada.id}] * 3
