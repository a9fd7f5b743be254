"""Threat: a session that was ended lives on in another replica's memory."""

import pytest
from sqlalchemy import delete, text, update

from backend.storage.tables import sessions, users
from tests.in_process import Gatehouse, Visitor
from tests.rig.fixtures import DatabaseTarget
from tests.rig.processes import wait_until


@pytest.fixture
def replicas(postgres_url: str, start) -> list[Gatehouse]:
    """Two applications on one PostgreSQL, each with a live change feed."""
    both = [start(database_url=postgres_url) for _ in range(2)]
    for each in both:
        each.wait_for_the_feed()
    return both


def move_browser(visitor: Visitor, gatehouse: Gatehouse) -> Visitor:
    """The same browser, whose requests reach the other replica."""
    there = gatehouse.visitor()
    there.cookies = visitor.cookies
    return there


@pytest.fixture
def both_browsers(replicas: list[Gatehouse]) -> tuple[Visitor, Visitor]:
    """Ada's browser at the first replica and at the second, which both have her in memory."""
    here = replicas[0].member()
    there = move_browser(here, replicas[1])
    for browser in (here, there, here, there):
        assert browser.session() is not None
    with replicas[1].statements() as statements:
        assert there.session() is not None
    assert statements == []
    return here, there


def wait_for_end(visitor: Visitor, stolen: dict[str, str]) -> None:
    """Wait until this browser's session has ended: one notification has to arrive."""

    def is_over() -> bool:
        visitor.cookies = dict(stolen)
        return visitor.session() is None

    wait_until(is_over, "the end of the session", 10)


@pytest.mark.parametrize("path", ["sign-out", "revoke-sessions"])
def test_what_one_replica_ends_the_other_forgets(both_browsers, path):
    here, there = both_browsers
    stolen = dict(here.cookies)
    assert here.post(path, {}).status_code == 200
    wait_for_end(there, stolen)


def test_revoking_the_others_reaches_them(replicas, both_browsers):
    _, there = both_browsers
    stolen = dict(there.cookies)
    other = replicas[0].visitor()
    other.sign_in()
    other.post("revoke-other-sessions", {})
    wait_for_end(there, stolen)


def test_a_changed_name_is_seen_at_the_other(both_browsers):
    here, there = both_browsers
    here.post("update-user", {"name": "Ada King"})
    wait_until(lambda: there.session()["user"]["name"] == "Ada King", "the new name", 10)


BY_HAND = {
    "a session deleted": delete(sessions),
    "a user deleted": delete(users),
    "everything emptied": text("TRUNCATE users CASCADE"),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_is_ended_by_hand_is_ended_in_both(postgres, postgres_url, both_browsers, case):
    stolen = dict(both_browsers[0].cookies)
    statement = str(BY_HAND[case].compile())
    postgres.execute(statement, postgres_url.rpartition("/")[2])
    for browser in both_browsers:
        wait_for_end(browser, stolen)


def test_a_ban_written_by_hand_ends_it_in_both(postgres, postgres_url, both_browsers):
    statement = str(
        update(users).values(banned=True).compile(compile_kwargs={"literal_binds": True})
    )
    postgres.execute(statement, postgres_url.rpartition("/")[2])
    stolen = dict(both_browsers[0].cookies)
    for browser in both_browsers:
        wait_for_end(browser, stolen)


def test_the_replica_that_acknowledges_honours_it_from_that_moment(any_gatehouse):
    for _ in range(10):
        ada = any_gatehouse.visitor()
        ada.sign_up() if not any_gatehouse.events() else ada.sign_in()
        assert ada.session() is not None
        stolen = dict(ada.cookies)
        ada.post("sign-out")
        ada.cookies = stolen
        assert ada.session() is None


def test_a_prolonged_session_is_not_forgotten_by_the_other(both_browsers, replicas, clock):
    here, there = both_browsers
    clock.advance(days=1)
    here.session()
    assert there.session()["session"]["expiresAt"] == "2026-11-30T12:00:00.000Z"


@pytest.mark.parametrize("database_target", ["pgbouncer"], indirect=True)
def test_through_a_pooler_alone_every_check_reads_the_row(database_target: DatabaseTarget, start):
    """No notification passes a transaction pooler: then nothing is believed from memory."""
    gatehouse = start(database_url=database_target.url, database_url_direct=database_target.url)
    ada = gatehouse.member()
    with gatehouse.statements() as statements:
        for _ in range(3):
            assert ada.session() is not None
    assert len([each for each in statements if "FROM sessions" in each]) == 3
