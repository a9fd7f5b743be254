"""Mails when the process or the database dies under them."""

import contextlib

import httpx
import pytest
from sqlalchemy import create_engine, text

from backend.storage.engine import DatabaseUnavailable
from tests.api.mail_helpers import (
    enqueue_reset_mail,
    get_mailer,
    list_mails,
    smtp_settings,
    wait_for_state,
)
from tests.rig.postgres import own_server
from tests.rig.processes import wait_until
from tests.rig.smtp import SmtpServer
from tests.rig.space import Space

RESETS = 20
"""How many people ask; `python -m tests.rig.mail_storm` takes 500."""


@pytest.fixture
def smtp(tmp_path):
    with SmtpServer(tmp_path) as server:
        yield server


@pytest.fixture
def own_postgres():
    """A PostgreSQL that this test may stop."""
    with own_server() as server:
        yield server


def test_a_database_that_is_away_delays_mails_and_loses_none(own_postgres, start, smtp):
    url = own_postgres.url(own_postgres.create_database())
    gatehouse = start(database_url=url, database_url_direct=url, **smtp_settings(smtp))
    smtp.kill9()
    enqueue_reset_mail(gatehouse)
    wait_until(lambda: list_mails(gatehouse)[0].last_error is not None, "the first failure")

    own_postgres.stop()
    get_mailer(gatehouse).wake_up.set()
    smtp.start()
    own_postgres.start()
    gatehouse.clock.advance(minutes=1)
    get_mailer(gatehouse).wake_up.set()

    wait_until(lambda: is_database_read(gatehouse), "the database to be asked again")
    wait_for_state(gatehouse, "sent")
    assert len(smtp.received()) == 1


def test_kill_9_among_resets_loses_none_and_repeats_only_what_was_in_flight(tmp_path, smtp):
    settings = {"SMTP_URL": smtp.url, "MAIL_FROM": "auth@example.com", "RATE_LIMITS": "off"}
    space = Space(tmp_path, settings)
    people = [f"user{number}@example.com" for number in range(RESETS)]
    with space, open_browser(space) as browser:
        for email in people:
            payload = {"name": "User", "email": email, "password": "correct horse battery"}
            assert browser.post("/api/auth/sign-up/email", json=payload).status_code == 200
        smtp.kill9()  # so that every mail is still to be sent when the process dies
        for email in people:
            response = browser.post("/api/auth/request-password-reset", json={"email": email})
            assert response.status_code == 200
        smtp.start()
        space.kill9()

        make_mails_due(tmp_path)
        space.start()
        wait_until(lambda: len(list_reset_recipients(smtp)) >= RESETS // 2, "half of the mails")
        space.kill9()

        make_mails_due(tmp_path)
        space.start()
        wait_until(lambda: set(list_reset_recipients(smtp)) == set(people), "the rest")
        wait_until(lambda: count_waiting(tmp_path) == 0, "the outbox to be empty")

    mails_of = {mail.recipients[0]: mail.message_id for mail in list_resets(smtp)}
    assert {mail.message_id for mail in list_resets(smtp)} == set(mails_of.values())
    assert len(list_reset_recipients(smtp)) <= RESETS + 1  # what was in flight at the second kill


def is_database_read(gatehouse):
    """Whether the database is read: for a second after a failure it is left alone."""
    gatehouse.clock.advance(seconds=1)
    with contextlib.suppress(DatabaseUnavailable):
        return bool(list_mails(gatehouse))
    return False


def list_resets(smtp):
    return [mail for mail in smtp.received() if "password" in mail.message["Subject"]]


def list_reset_recipients(smtp):
    """The recipient of every mail for a new password, once for each mail."""
    return [mail.recipients[0] for mail in list_resets(smtp)]


def open_browser(space):
    return httpx.Client(base_url=space.url, headers={"origin": space.url}, trust_env=False)


def make_mails_due(folder):
    """Make every waiting mail due now, as if the time between two attempts had passed."""
    execute(folder, "UPDATE outbox SET due_at = 0 WHERE state = 'waiting'")


def count_waiting(folder):
    return execute(folder, "SELECT count(*) FROM outbox WHERE state = 'waiting'")


def execute(folder, statement):
    engine = create_engine(f"sqlite:///{folder}/data/gatehouse.db")
    with engine.begin() as connection:
        response = connection.execute(text(statement))
        value = response.scalar() if response.returns_rows else None
    engine.dispose()
    return value
