"""Sending mails through a real SMTP server, whatever fails on the way."""

import sys
import threading
from collections import Counter
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from backend.features.mail import templates
from backend.features.mail.service import enqueue, enqueue_decoy
from backend.features.mail.worker import CLAIM_DURATION, RETRY_DELAYS
from backend.kernel.client import SYSTEM
from backend.kernel.secrets.sealing import Sealer
from backend.kernel.secrets.signing import Keyring
from backend.storage.queries import outbox
from backend.storage.work import Work
from tests.api.mail_helpers import (
    LINK,
    TOKEN,
    advance_time,
    enqueue_reset_mail,
    get_mailer,
    list_mails,
    smtp_settings,
    wait_for_failed_attempt,
    wait_for_state,
)
from tests.rig.processes import wait_until
from tests.rig.smtp import SmtpServer

MAILS = 40
"""How many mails leave while the server dies; `python -m tests.rig.mail_storm` takes 500."""


@pytest.fixture
def smtp(tmp_path):
    with SmtpServer(tmp_path) as server:
        yield server


@pytest.fixture
def gatehouse(start, smtp):
    """An application that sends through `smtp`."""
    return start(**smtp_settings(smtp))


def test_a_mail_leaves_once_its_cause_is_committed(gatehouse, smtp):
    enqueue_reset_mail(gatehouse)

    wait_for_state(gatehouse, "sent")
    (received,) = smtp.received()
    message = received.message
    assert (received.sender, received.recipients) == ("auth@example.com", ["ada@example.com"])
    assert message["From"] == "Gatehouse <auth@example.com>"
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Choose a new password for Gatehouse"
    assert message["Message-ID"] == list_mails(gatehouse)[0].message_id
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.iter_parts()
    assert LINK in plain.get_content()
    assert f'href="{LINK}"' in html.get_content()


def test_a_cause_that_is_rolled_back_sends_nothing(gatehouse, smtp):
    def fail_after_enqueue():
        with Work(gatehouse.context.runtime, SYSTEM) as work:
            enqueue(
                work,
                get_mailer(gatehouse),
                templates.build_notice("Gatehouse", "eve@example.com", "lost"),
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_enqueue()
    enqueue_reset_mail(gatehouse)

    wait_for_state(gatehouse, "sent")
    assert [mail.recipients for mail in smtp.received()] == [["ada@example.com"]]


def test_what_was_sent_is_blanked_and_what_waits_is_sealed(start, gatehouse, smtp):
    enqueue_reset_mail(gatehouse)
    wait_for_state(gatehouse, "sent")
    assert list_mails(gatehouse)[0].sealed is None

    smtp.kill9()
    enqueue_reset_mail(gatehouse)
    wait_until(lambda: len(list_mails(gatehouse)) == 2, "the second mail")
    sealed = list_mails(gatehouse)[1].sealed
    assert TOKEN.encode() not in sealed
    assert Sealer(Keyring([b"another key"]), "outbox").open(sealed) is None
    smtp.start()


def test_a_decoy_is_written_like_a_mail_and_never_leaves(gatehouse, smtp):
    message = templates.RESET_PASSWORD.render("Gatehouse", "stranger@example.com", LINK, TOKEN)
    with Work(gatehouse.context.runtime, SYSTEM) as work:
        enqueue_decoy(work, get_mailer(gatehouse), message)
    enqueue_reset_mail(gatehouse)

    wait_until(lambda: list_mails(gatehouse)[1].state == "sent", "the mail behind it")
    decoy = list_mails(gatehouse)[0]
    assert (decoy.state, decoy.recipient, decoy.attempts) == ("decoy", "", 0)
    assert len(smtp.received()) == 1


def test_a_server_that_is_away_is_tried_again_and_again_with_the_same_message_id(gatehouse, smtp):
    smtp.kill9()
    enqueue_reset_mail(gatehouse)

    for number, pause in enumerate(RETRY_DELAYS[:3], start=1):
        failed = wait_for_failed_attempt(gatehouse, number)
        assert (failed.due_at - gatehouse.clock.now()).total_seconds() == pause
        assert "Connection refused" in failed.last_error
        advance_time(gatehouse, pause)
    wait_for_failed_attempt(gatehouse, 4)
    smtp.start()
    advance_time(gatehouse, RETRY_DELAYS[3])

    wait_for_state(gatehouse, "sent")
    assert [mail.message_id for mail in smtp.received()] == [failed.message_id]


def test_after_three_days_a_mail_is_given_up_and_said_to_be(gatehouse, smtp):
    smtp.kill9()
    with capture_logs() as log:
        enqueue_reset_mail(gatehouse)
        for number, pause in enumerate(RETRY_DELAYS, start=1):
            wait_for_failed_attempt(gatehouse, number)
            advance_time(gatehouse, pause)
        wait_for_state(gatehouse, "given_up")
        wait_until(lambda: any(line["event"] == "mail_given_up" for line in log), "the log")

    assert sum(RETRY_DELAYS) > timedelta(days=3).total_seconds()
    assert list_mails(gatehouse)[0].sealed is None
    smtp.start()


def test_an_unknown_recipient_is_not_tried_again_and_its_address_is_not_logged(gatehouse):
    with capture_logs() as log:
        enqueue_reset_mail(gatehouse, "unknown@example.com")
        wait_for_state(gatehouse, "given_up")
        wait_until(lambda: bool(log), "the log")

    assert "550 5.1.1" in list_mails(gatehouse)[0].last_error
    assert "unknown@example.com" not in str(log)
    assert TOKEN not in str(log)


def test_a_recipient_who_is_greylisted_is_tried_again(gatehouse):
    enqueue_reset_mail(gatehouse, "later@example.com")

    assert "451" in wait_for_failed_attempt(gatehouse, 1).last_error


def test_a_relay_that_is_denied_is_for_the_owner_to_mend_and_the_mail_waits(gatehouse):
    enqueue_reset_mail(gatehouse, "relay@example.com")

    assert "554 5.7.1" in wait_for_failed_attempt(gatehouse, 1).last_error
    advance_time(gatehouse, RETRY_DELAYS[0])
    assert wait_for_failed_attempt(gatehouse, 2).state == "waiting"


def test_a_rude_farewell_sends_nothing_twice(gatehouse, smtp):
    enqueue_reset_mail(gatehouse, "rude@example.com")

    wait_for_state(gatehouse, "sent")
    assert len(smtp.received()) == 1


def test_a_server_killed_among_many_mails_loses_none_and_repeats_only_what_was_in_flight(
    gatehouse, smtp
):
    for number in range(MAILS):
        enqueue_reset_mail(gatehouse, f"user{number}@example.com")
    wait_until(lambda: len(smtp.received()) >= MAILS // 4, "a quarter of the mails")
    smtp.kill9()
    wait_until(lambda: any(mail.last_error for mail in list_mails(gatehouse)), "a failure")
    smtp.start()
    get_mailer(gatehouse).wake_up.set()

    def have_all_left():
        advance_time(gatehouse, RETRY_DELAYS[0])
        return {mail.state for mail in list_mails(gatehouse)} == {"sent"}

    wait_until(have_all_left, "every mail")
    received = Counter(mail.message_id for mail in smtp.received())
    assert received.keys() == {mail.message_id for mail in list_mails(gatehouse)}
    assert sum(received.values()) <= MAILS + 1  # one worker, so one mail was in flight


def test_a_mail_in_the_hands_of_a_process_that_died_is_due_again(gatehouse, smtp):
    smtp.kill9()
    enqueue_reset_mail(gatehouse)
    wait_for_failed_attempt(gatehouse, 1)
    wait_until(lambda: is_idle(gatehouse), "the worker to wait")
    claimed = claim_as_another_process(gatehouse)
    smtp.start()

    advance_time(gatehouse, 1)
    assert smtp.received() == []
    advance_time(gatehouse, CLAIM_DURATION.total_seconds())

    wait_for_state(gatehouse, "sent")
    assert [mail.message_id for mail in smtp.received()] == [claimed.message_id]


def test_nothing_is_asked_of_the_database_while_no_mail_waits(gatehouse):
    enqueue_reset_mail(gatehouse)
    wait_for_state(gatehouse, "sent")
    wait_until(lambda: is_idle(gatehouse), "the worker to wait")

    with gatehouse.statements() as statements:
        gatehouse.clock.advance(days=2)
        assert gatehouse.visitor().get("/health").status_code == 200

    assert statements == []


def test_without_a_mailer_mails_are_held(start):
    gatehouse = start()
    enqueue_reset_mail(gatehouse)

    (mail,) = list_mails(gatehouse)
    assert (mail.state, mail.due_at, mail.attempts) == ("held", None, 0)


def test_the_owners_subject_replaces_ours(start, smtp):
    subjects = {"reset": "Ihr neues Passwort für {app} 🔑"}
    gatehouse = start(app_name="Tor", mail_subjects=subjects, **smtp_settings(smtp))
    enqueue_reset_mail(gatehouse)

    wait_for_state(gatehouse, "sent")
    assert smtp.received()[0].message["Subject"] == "Ihr neues Passwort für Tor 🔑"


def claim_as_another_process(gatehouse):
    gatehouse.clock.advance(seconds=RETRY_DELAYS[0])
    with Work(gatehouse.context.runtime, SYSTEM) as work:
        claimed = outbox.claim_due(work.db, work.now(), work.now() + CLAIM_DURATION)
    assert claimed is not None
    return claimed


def is_idle(gatehouse):
    """Whether the worker has handled every mail and waits for the next."""
    if get_mailer(gatehouse).wake_up.is_set():
        return False
    (thread,) = (each for each in threading.enumerate() if each.name == "mail")
    names = []
    frame = sys._current_frames().get(thread.ident)
    while frame:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names.count("wait") == 2  # of Event, in it of Condition
