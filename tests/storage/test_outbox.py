"""The outbox and advisory locks, on every database."""

from datetime import timedelta
from uuid import UUID

import pytest

from backend.kernel.randomness import SystemRandomness, uuid7
from backend.storage.postgres.advisory_locks import try_advisory_lock
from backend.storage.queries import outbox
from backend.storage.queries.outbox import DECOY, GIVEN_UP, HELD, SENT, WAITING, Mail
from backend.storage.work import run_query
from tests.clocks import NOON
from tests.rig.fixtures import ON_A_SERVER, ON_SQLITE

SOON = NOON + timedelta(minutes=5)


def make_mail(**overrides) -> Mail:
    created = overrides.get("created_at", NOON)
    defaults = {
        "id": uuid7(SystemRandomness(), created),
        "kind": "reset",
        "recipient": "ada@example.com",
        "message_id": "<1@example.com>",
        "sealed": b"sealed",
        "state": WAITING,
        "attempts": 0,
        "due_at": NOON,
        "created_at": created,
        "sent_at": None,
        "last_error": None,
    }
    return Mail(**{**defaults, **overrides})


@pytest.fixture
def store_mail(work):
    def store(**overrides) -> Mail:
        mail = make_mail(**overrides)
        with work() as mine:
            outbox.insert(mine.db, mail)
        return mail

    return store


def claim_due(work, now=NOON, until=SOON):
    with work() as mine:
        return outbox.claim_due(mine.db, now, until)


def find_mail(database, mail_id):
    return next(
        mail
        for mail in run_query(database, lambda db: outbox.list_newest(db, 99))
        if mail.id == mail_id
    )


def test_what_is_due_for_longest_is_claimed_first_and_by_one_alone(work, store_mail):
    second = store_mail(due_at=NOON - timedelta(seconds=1))
    first = store_mail(due_at=NOON - timedelta(seconds=2))
    store_mail(due_at=NOON + timedelta(microseconds=1), attempts=1)

    assert [claim_due(work).id, claim_due(work).id, claim_due(work)] == [first.id, second.id, None]


def test_a_mail_nobody_has_tried_is_due_whatever_its_writers_clock_said(work, store_mail):
    mail = store_mail(due_at=NOON + timedelta(days=1))
    assert (claim_due(work).id, claim_due(work)) == (mail.id, None)


def test_a_claim_counts_and_ends_when_its_time_is_over(work, store_mail):
    mail = store_mail()
    assert (claim_due(work).attempts, claim_due(work)) == (1, None)

    again = claim_due(work, SOON, SOON + timedelta(minutes=5))
    assert (again.id, again.attempts, again.message_id) == (mail.id, 2, mail.message_id)


@ON_A_SERVER
def test_a_mail_that_another_is_just_claiming_is_passed_over(work, store_mail):
    first, second = store_mail(), store_mail(due_at=NOON + timedelta(microseconds=0))
    with work() as one:
        taken = outbox.claim_due(one.db, NOON, SOON)
        with work() as other:
            also = outbox.claim_due(other.db, NOON, SOON)
            assert outbox.claim_due(other.db, NOON, SOON) is None

    assert {taken.id, also.id} == {first.id, second.id}


@pytest.mark.parametrize("state", [HELD, SENT, GIVEN_UP, DECOY])
def test_only_what_waits_is_due(work, store_mail, database, state):
    store_mail(state=state, due_at=None)

    assert claim_due(work) is None
    assert run_query(database, outbox.find_next_due) is None


def test_a_mail_that_left_is_blank(work, store_mail, database):
    mail = store_mail(last_error="before")
    with work() as mine:
        outbox.mark_sent(mine.db, mail.id, SOON)

    row = find_mail(database, mail.id)
    assert (row.state, row.sealed, row.due_at) == (SENT, None, None)
    assert (row.sent_at, row.last_error) == (SOON, None)


def test_a_mail_that_was_given_up_is_blank_too(work, store_mail, database):
    mail = store_mail()
    with work() as mine:
        outbox.mark_given_up(mine.db, mail.id, "550")

    row = find_mail(database, mail.id)
    assert (row.state, row.sealed, row.due_at) == (GIVEN_UP, None, None)
    assert row.last_error == "550"


def test_a_mail_that_did_not_leave_waits_until_its_next_time(work, store_mail, database):
    mail = store_mail()
    with work() as mine:
        outbox.mark_waiting(mine.db, mail.id, SOON, "away")

    row = find_mail(database, mail.id)
    assert (row.state, row.due_at, row.last_error) == (WAITING, SOON, "away")
    assert run_query(database, outbox.find_next_due) == SOON


def test_a_failure_does_not_call_back_what_another_process_sent(work, store_mail, database):
    mail = store_mail()
    with work() as mine:
        outbox.mark_sent(mine.db, mail.id, SOON)
        outbox.mark_waiting(mine.db, mail.id, SOON, "away")
        outbox.mark_given_up(mine.db, mail.id, "550")

    assert find_mail(database, mail.id).state == SENT


def test_the_list_is_newest_first_without_decoys(work, store_mail, database):
    old, new = store_mail(created_at=NOON), store_mail(created_at=SOON)
    store_mail(created_at=SOON, state=DECOY)

    assert [m.id for m in run_query(database, lambda db: outbox.list_newest(db, 9))] == [
        new.id,
        old.id,
    ]
    assert [m.id for m in run_query(database, lambda db: outbox.list_newest(db, 1))] == [new.id]
    assert [m.id for m in run_query(database, lambda db: outbox.list_newest(db, 9, new.id))] == [
        old.id
    ]


def test_what_is_old_is_purged_a_little_at_a_time_but_never_what_waits(work, store_mail, database):
    for state in (SENT, HELD, GIVEN_UP, DECOY):
        store_mail(state=state, due_at=None)
    waiting = store_mail()
    young = store_mail(created_at=SOON, state=SENT, due_at=None)

    with work() as mine:
        assert outbox.purge(mine.db, SOON, 3) == 3
        assert outbox.purge(mine.db, SOON, 3) == 1
        assert outbox.purge(mine.db, SOON, 3) == 0

    remaining = run_query(database, lambda db: outbox.list_newest(db, 9))
    assert {mail.id for mail in remaining} == {waiting.id, young.id}


@ON_A_SERVER
def test_one_transaction_at_a_time_has_its_turn(work):
    with work() as one, work() as other:
        assert try_advisory_lock(one.db, 1)
        assert not try_advisory_lock(other.db, 1)
        assert try_advisory_lock(other.db, 2)
    with work() as next_one:
        assert try_advisory_lock(next_one.db, 1)


@ON_SQLITE
def test_on_sqlite_whoever_writes_has_its_turn(work):
    with work() as one:
        assert try_advisory_lock(one.db, 1)


def test_an_id_that_nobody_has_changes_nothing(work, database):
    with work() as mine:
        outbox.mark_sent(mine.db, UUID(int=9), NOON)

    assert run_query(database, lambda db: outbox.list_newest(db, 9)) == []
