"""A wrong clock on one machine must not delete shared data."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from backend.features.housekeeping.service import Housekeeper
from backend.features.mail.worker import CLAIM_DURATION, RETRY_DELAYS, MailWorker
from backend.kernel.clock import SystemClock
from backend.storage import clock_check
from backend.storage.clock_check import ClockCheck
from backend.storage.tables import audit_events, links, outbox, sessions, users
from tests.admins import ADA, give_role
from tests.api.mail_helpers import enqueue_reset_mail, smtp_settings, wait_for_failed_attempt
from tests.clocks import NOON, FixedClock
from tests.in_process import Gatehouse
from tests.rig.fixtures import ON_POSTGRESQL
from tests.rig.smtp import SmtpServer
from tests.scene import refusal

AGES = timedelta(days=100)  # longer than anything is kept


@pytest.fixture
def database_clock(monkeypatch) -> FixedClock:
    """The clock of PostgreSQL."""
    postgres_clock = FixedClock()
    monkeypatch.setattr(clock_check, "read_database_time", lambda _: postgres_clock.now())
    return postgres_clock


def count_rows(gatehouse: Gatehouse) -> list[int]:
    """The number of rows of each kind that is deleted by age."""
    tables = (sessions, links, outbox, audit_events)
    return [gatehouse.rows(select(func.count()).select_from(each))[0][0] for each in tables]


def list_sessions(gatehouse: Gatehouse, email: str) -> list:
    return gatehouse.rows(
        select(sessions.c.id).where(sessions.c.user_id == gatehouse.user_id(email))
    )


def purge(gatehouse: Gatehouse) -> None:
    gatehouse.context.services[Housekeeper].start_purge().result()


def read_clock(gatehouse: Gatehouse) -> dict:
    """What the status reports about the clock."""
    root = gatehouse.visitor()
    if root.sign_in("root@example.com").status_code == 401:
        assert root.sign_up("root@example.com").status_code == 200
        give_role(gatehouse, "root@example.com", "admin")
    return root.get("/api/admin/status").json()["clock"]


@ON_POSTGRESQL
def test_a_replica_that_is_ahead_of_the_database_deletes_nothing_and_says_so(
    start_on, mailbox, database_clock, clock, capsys
):
    gatehouse = start_on(mailbox_file=mailbox.file)
    ada = gatehouse.member()
    before = count_rows(gatehouse)
    assert all(before)

    clock.advance(days=AGES.days)
    purge(gatehouse)
    assert ada.session() is None, "by this clock it has ended"
    assert count_rows(gatehouse) == before
    assert read_clock(gatehouse) == {"comparedWith": "database", "ahead": 8_640_000, "right": False}
    output = capsys.readouterr().out
    assert "housekeeping_refused" in output
    assert output.count("clock_differs") == 1

    database_clock.advance(days=AGES.days)  # the clock was right after all
    purge(gatehouse)
    assert list_sessions(gatehouse, "ada@example.com") == []
    assert read_clock(gatehouse)["right"] is True


@ON_POSTGRESQL
@pytest.mark.parametrize("seconds", [61, -61])
def test_more_than_a_minute_beside_the_database_is_too_much(start_on, database_clock, seconds):
    gatehouse = start_on()
    check = gatehouse.context.services[ClockCheck]
    database_clock.advance(seconds=-seconds + seconds // 61)
    assert check.compare().is_harmless
    assert check.deletion_cutoff() == NOON

    database_clock.advance(seconds=-(seconds // 61))
    assert not check.compare().is_harmless
    assert check.deletion_cutoff() is None


@ON_POSTGRESQL
def test_a_session_that_one_replica_takes_for_ended_goes_on_at_the_others(
    start_on, database_clock, clock
):
    right, ahead = start_on(), start_on()
    ada = right.member()
    clock.advance(days=AGES.days)
    elsewhere = ahead.visitor()
    elsewhere.cookies = dict(ada.cookies)
    assert elsewhere.session() is None
    purge(ahead)
    clock.advance(days=-AGES.days)
    assert ada.session() is not None


@ON_POSTGRESQL
def test_a_ban_does_not_run_out_early_at_a_replica_that_is_ahead(start_on, database_clock, clock):
    gatehouse = start_on()
    gatehouse.member()
    gatehouse.ban(ADA, ban_expires=NOON + timedelta(hours=1))
    clock.advance(hours=2)
    assert gatehouse.visitor().sign_in().json() == refusal("BANNED_USER")
    assert gatehouse.rows(select(users.c.banned)) == [(True,)]

    database_clock.advance(hours=1)
    assert gatehouse.visitor().sign_in().status_code == 200
    assert gatehouse.rows(select(users.c.banned)) == [(False,)]


@ON_POSTGRESQL
@pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "behind"])
def test_a_mail_in_hand_is_left_to_who_has_it_whosever_clock_is_wrong(
    start_on, database_clock, clock, tmp_path, hours
):
    with SmtpServer(tmp_path) as smtp:
        right = start_on(**smtp_settings(smtp))
        smtp.kill9()
        enqueue_reset_mail(right)
        wait_for_failed_attempt(right, 1)
        worker = right.context.services[MailWorker]
        # The one of the two that is ahead.
        clock.advance(seconds=RETRY_DELAYS[0] + max(0, hours) * 3600)
        database_clock.advance(seconds=RETRY_DELAYS[0] + max(0, -hours) * 3600)
        assert worker._claim() is not None, "in hand from now on"

        clock.advance(seconds=CLAIM_DURATION.total_seconds())
        assert worker._claim() is None
        assert worker._until_next_due() > 60, "and nobody asks all the time meanwhile"


@ON_POSTGRESQL
def test_the_database_is_asked_what_time_it_is(start_on):
    database = start_on().context.runtime.database
    assert ClockCheck(database, SystemClock()).compare().is_harmless
    assert not ClockCheck(database, FixedClock(NOON - timedelta(days=3650))).compare().is_harmless


def test_on_sqlite_a_start_by_a_clock_that_is_ahead_deletes_nothing(start, tmp_path, clock):
    there = {"mailbox_file": tmp_path / "mails", "data_dir": tmp_path / "data"}
    first = start(**there)
    first.member()
    before = count_rows(first)
    first.close()

    clock.advance(days=AGES.days)
    second = start(**there)
    purge(second)
    assert count_rows(second) == before
    assert read_clock(second) == {
        "comparedWith": "newest entry",
        "ahead": 8_640_000,
        "right": False,
    }

    clock.advance(days=8)  # time that has passed for certain
    purge(second)
    assert list_sessions(second, "ada@example.com") == []


def test_on_sqlite_a_line_of_another_hand_with_an_id_of_its_own_stops_no_start(start, tmp_path):
    first = start(data_dir=tmp_path / "data")
    first.member()
    renamed = update(audit_events).values(id=UUID("f81d4fae-7dec-4aaa-a765-00a0c91e6bf6"))
    first.execute(renamed.where(audit_events.c.kind == "sign_up"))
    first.close()
    assert read_clock(start(data_dir=tmp_path / "data"))["right"] is True


def test_on_sqlite_a_clock_that_is_behind_what_is_stored_is_told(start, tmp_path, clock):
    first = start(data_dir=tmp_path / "data")
    first.member("root@example.com")
    give_role(first, "root@example.com", "admin")
    first.close()

    clock.advance(hours=-2)
    second = start(data_dir=tmp_path / "data")
    assert read_clock(second) == {"comparedWith": "newest entry", "ahead": -7200, "right": False}


def test_on_sqlite_a_restart_after_a_weekend_is_nothing_to_speak_of(start, tmp_path, clock):
    first = start(data_dir=tmp_path / "data")
    first.member("root@example.com")
    give_role(first, "root@example.com", "admin")
    first.close()

    clock.advance(days=3)
    assert read_clock(start(data_dir=tmp_path / "data"))["right"] is True
