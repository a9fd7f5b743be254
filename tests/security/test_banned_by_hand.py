"""Threat: a user who is banned or loses a role by SQL goes on with the old session."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from backend.storage.tables import sessions
from tests.admins import ADA, ROOT, give_role, make_admin, user_id_of
from tests.clocks import FixedClock
from tests.in_process import Gatehouse, Visitor
from tests.make import make_session
from tests.rig.fixtures import DatabaseTarget
from tests.rig.processes import wait_until
from tests.scene import refusal

ByHand = Callable[[str], None]
SECOND = "second@example.com"


@pytest.fixture(autouse=True)
def today(clock: FixedClock) -> None:
    """Set the application's clock to the server's, if it is behind: the triggers send no
    notification of a session that expired long ago."""
    behind = datetime.now(UTC) - clock.now()  # noqa: TID251
    clock.advance(seconds=max(0, int(behind.total_seconds())))


@pytest.fixture
def by_hand(
    any_gatehouse: Gatehouse, database_target: DatabaseTarget, request: pytest.FixtureRequest
) -> ByHand:
    """Run SQL on the database, past the running application."""

    def on_sqlite(statement: str) -> None:
        file = any_gatehouse.context.runtime.database.url.database
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(statement)

    def on_postgresql(statement: str) -> None:
        server = request.getfixturevalue("postgres")
        server.execute(statement, database_target.direct.rpartition("/")[2])

    return on_sqlite if database_target.kind == "sqlite" else on_postgresql


def format_time(database_target: DatabaseTarget, when: datetime) -> str:
    """A time as a literal in the SQL of this database."""
    if database_target.kind != "sqlite":
        return f"'{when.isoformat()}'"
    return str(int(when.timestamp()) * 1_000_000)


def wait_for_end(gatehouse: Gatehouse, browser: Visitor) -> bool:
    """Wait until a browser is signed out: a change made with SQL may take a moment to arrive."""
    cookies = dict(browser.cookies)
    gatehouse.clock.advance(seconds=1)

    def signed_out() -> bool:
        browser.cookies = dict(cookies)
        return browser.session() is None

    wait_until(signed_out, "the end of the session", 10)
    browser.cookies = cookies
    return True


def make_session_row(gatehouse: Gatehouse) -> dict[str, Any]:
    values = asdict(make_session(user_id=gatehouse.user_id(ADA)))
    return {**values, "session_token": bytes(32)}


def count_sessions(gatehouse: Gatehouse) -> int:
    return len(gatehouse.rows(select(sessions.c.id)))


@pytest.mark.parametrize("ends", [None, timedelta(days=1)], ids=["for good", "for a day"])
def test_a_ban_by_hand_ends_every_session_for_good(any_gatehouse, by_hand, database_target, ends):
    ada = any_gatehouse.member(ADA)
    assert ada.session() is not None
    until = (
        "NULL" if ends is None else format_time(database_target, any_gatehouse.clock.now() + ends)
    )
    by_hand(f"UPDATE users SET banned = true, ban_expires = {until}")
    assert wait_for_end(any_gatehouse, ada)
    assert any_gatehouse.visitor().sign_in(ADA).json() == refusal("BANNED_USER")

    by_hand("UPDATE users SET banned = false, ban_expires = NULL")
    any_gatehouse.clock.advance(seconds=1)
    assert ada.session() is None
    assert any_gatehouse.visitor().sign_in(ADA).status_code == 200


def test_so_it_is_when_a_ban_that_has_run_out_gets_another_end(
    any_gatehouse, by_hand, database_target
):
    now = any_gatehouse.clock.now()
    past, future = (format_time(database_target, now + timedelta(days=days)) for days in (-1, 1))
    ada = any_gatehouse.member(ADA)
    by_hand(f"UPDATE users SET banned = true, ban_expires = {past}")
    # As nothing of ours leaves it: signing in lifts what has run out.
    any_gatehouse.execute(insert(sessions).values(make_session_row(any_gatehouse)))
    by_hand(f"UPDATE users SET ban_expires = {future}")
    assert count_sessions(any_gatehouse) == 0
    assert wait_for_end(any_gatehouse, ada)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE users SET banned = true WHERE email = '{ROOT}'",
        f"UPDATE users SET role = 'user' WHERE email = '{ROOT}'",
        f"DELETE FROM users WHERE email = '{ROOT}'",
        f"UPDATE users SET banned = true WHERE email = '{ADA}'",
        f"UPDATE users SET role = 'admin' WHERE email = '{ADA}'",
    ],
)
def test_what_ends_an_impersonation_ends_it_by_hand_too(any_gatehouse, by_hand, statement):
    any_gatehouse.member(ADA)
    root = make_admin(any_gatehouse)
    assert root.post(
        "admin/impersonate-user", {"userId": user_id_of(any_gatehouse, ADA)}
    ).is_success
    assert root.session()["user"]["email"] == ADA
    by_hand(statement)
    assert wait_for_end(any_gatehouse, root)


@pytest.mark.parametrize(
    ("path", "more"), [("ban-user", {}), ("set-role", {"role": "user"}), ("remove-user", {})]
)
def test_an_impersonation_that_the_api_ends_is_forgotten_before_the_answer(
    any_gatehouse, path, more
):
    """The triggers must not be faster than the API's own deletes, which name the user."""
    any_gatehouse.member(ADA)
    root, other = make_admin(any_gatehouse), make_admin(any_gatehouse, SECOND)
    root.post("admin/impersonate-user", {"userId": user_id_of(any_gatehouse, ADA)})
    assert root.session()["user"]["email"] == ADA
    assert other.post(
        f"admin/{path}", {"userId": user_id_of(any_gatehouse, ROOT), **more}
    ).is_success
    assert root.session() is None


def test_other_changes_by_hand_end_nothing(any_gatehouse, by_hand):
    ada = any_gatehouse.member(ADA)
    by_hand("UPDATE users SET name = 'Ada King', updated_at = updated_at, ban_reason = 'none'")
    any_gatehouse.clock.advance(seconds=1)
    wait_until(lambda: ada.session()["user"]["name"] == "Ada King", "the new name", 10)


def test_without_the_triggers_a_banned_user_is_let_in_nowhere(
    any_gatehouse, by_hand, database_target
):
    """As where a tool has switched them off to load data."""
    ada = any_gatehouse.member(ADA)
    if database_target.kind == "sqlite":
        by_hand("DROP TRIGGER gatehouse_user_banned")
    else:
        by_hand("ALTER TABLE users DISABLE TRIGGER gatehouse_user_banned")
    by_hand("UPDATE users SET banned = true")
    assert wait_for_end(any_gatehouse, ada)
    assert ada.get("/api/me").status_code == 401
    assert count_sessions(any_gatehouse) == 0


def test_a_role_taken_by_hand_is_gone_in_every_session(any_gatehouse, by_hand):
    root = make_admin(any_gatehouse)
    give_role(any_gatehouse, ROOT, "admin")
    assert root.get("admin/list-users").status_code == 200
    by_hand("UPDATE users SET role = 'user'")
    any_gatehouse.clock.advance(seconds=1)
    wait_until(lambda: root.get("admin/list-users").status_code == 403, "the end of the role", 10)
