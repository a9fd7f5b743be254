"""Housekeeping: expired rows are deleted, a few at a time, and only after a write."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from backend.features.housekeeping import service
from backend.features.housekeeping.service import Housekeeper
from backend.kernel.client import SYSTEM
from backend.kernel.randomness import uuid7
from backend.storage import clock_check
from backend.storage.postgres.advisory_locks import HOUSEKEEPING, try_advisory_lock
from backend.storage.tables import audit_events, links, outbox, sessions
from backend.storage.work import Work
from tests.api.mail_helpers import enqueue_reset_mail
from tests.clocks import SeededRandomness
from tests.in_process import Gatehouse
from tests.rig.fixtures import ON_POSTGRESQL
from tests.rig.processes import wait_until

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _the_database_has_the_same_clock(clock, monkeypatch):
    monkeypatch.setattr(clock_check, "read_database_time", lambda _: clock.now())


def count_rows(gatehouse: Gatehouse, table) -> int:
    ((number,),) = gatehouse.rows(select(func.count()).select_from(table))
    return number


def purge(gatehouse: Gatehouse) -> None:
    gatehouse.context.services[Housekeeper].start_purge().result()


def add_expired_sessions(gatehouse: Gatehouse, number: int) -> None:
    now, randomness = gatehouse.clock.now(), SeededRandomness("sessions")
    owner = gatehouse.user_id("ada@example.com")
    rows = [
        {
            "id": uuid7(randomness, now),
            "user_id": owner,
            "session_token": randomness.bytes(32),
            "expires_at": now - HOUR,
            "created_at": now - 2 * HOUR,
            "updated_at": now - 2 * HOUR,
            "ip_address": "",
            "user_agent": "",
            "remembered": True,
        }
        for _ in range(number)
    ]
    gatehouse.execute(insert(sessions).values(rows))


def test_a_session_goes_when_it_has_expired(any_gatehouse):
    any_gatehouse.member()
    any_gatehouse.clock.advance(seconds=any_gatehouse.settings.session_lifetime)
    purge(any_gatehouse)
    assert count_rows(any_gatehouse, sessions) == 1

    any_gatehouse.clock.advance(seconds=1)
    purge(any_gatehouse)
    assert count_rows(any_gatehouse, sessions) == 0


def test_a_link_is_kept_for_a_day_after_its_end(any_gatehouse):
    any_gatehouse.member()
    response = any_gatehouse.visitor().post("request-password-reset", {"email": "ada@example.com"})
    assert response.status_code == 200
    lifetime = timedelta(seconds=any_gatehouse.settings.verification_link_lifetime)
    before = count_rows(any_gatehouse, links)
    assert before

    any_gatehouse.clock.advance(seconds=(lifetime + timedelta(days=1)).total_seconds())
    purge(any_gatehouse)
    assert count_rows(any_gatehouse, links) == before

    any_gatehouse.clock.advance(seconds=1)
    purge(any_gatehouse)
    assert count_rows(any_gatehouse, links) == 0


def test_mails_and_decoys_are_kept_for_a_week(any_gatehouse):
    enqueue_reset_mail(any_gatehouse)
    any_gatehouse.visitor().post("request-password-reset", {"email": "stranger@example.com"})
    assert count_rows(any_gatehouse, outbox) == 2

    any_gatehouse.clock.advance(days=7)
    purge(any_gatehouse)
    assert count_rows(any_gatehouse, outbox) == 2

    any_gatehouse.clock.advance(seconds=1)
    purge(any_gatehouse)
    assert count_rows(any_gatehouse, outbox) == 0


def test_the_audit_trail_is_kept_as_long_as_the_owner_says(start_on):
    gatehouse = start_on(audit_retention_days=3)
    gatehouse.member()
    lines = count_rows(gatehouse, audit_events)
    assert lines

    gatehouse.clock.advance(days=3)
    purge(gatehouse)
    assert count_rows(gatehouse, audit_events) == lines

    gatehouse.clock.advance(seconds=1)
    purge(gatehouse)
    assert count_rows(gatehouse, audit_events) == 0


def test_much_goes_in_small_transactions(gatehouse):
    gatehouse.member()
    add_expired_sessions(gatehouse, 2 * service.BATCH + 1)

    with gatehouse.statements() as statements:
        purge(gatehouse)

    assert count_rows(gatehouse, sessions) == 1
    assert len([line for line in statements if line.startswith("DELETE FROM sessions")]) == 3


@ON_POSTGRESQL
def test_while_another_replica_tidies_this_one_does_not(any_gatehouse):
    any_gatehouse.member()
    add_expired_sessions(any_gatehouse, 1)

    with Work(any_gatehouse.context.runtime, SYSTEM) as another:
        assert try_advisory_lock(another.db, HOUSEKEEPING)
        purge(any_gatehouse)
        assert count_rows(any_gatehouse, sessions) == 2

    purge(any_gatehouse)
    assert count_rows(any_gatehouse, sessions) == 1


def test_it_follows_a_write_and_only_once_an_hour(gatehouse):
    ada = gatehouse.member()
    add_expired_sessions(gatehouse, 1)
    gatehouse.clock.advance(minutes=61)

    with gatehouse.statements() as statements:
        assert ada.session() is not None  # a read wakes nothing
    assert not any(line.startswith("DELETE") for line in statements)
    assert count_rows(gatehouse, sessions) == 2

    gatehouse.member("bob@example.com")
    wait_until(lambda: count_rows(gatehouse, sessions) == 2, "the expired session to go")

    add_expired_sessions(gatehouse, 1)
    with gatehouse.statements() as statements:
        gatehouse.member("eve@example.com")
    assert not any("DELETE FROM sessions" in line and "expires_at <" in line for line in statements)
