"""Threat: an attacker reads the database. Nothing in it opens a session."""

import hashlib
from urllib.parse import quote

import pytest
from sqlalchemy import select, text

from backend.storage.tables import accounts, audit_events, metadata, sessions, users
from tests.in_process import Gatehouse
from tests.mailbox import open_link
from tests.make import PASSWORD


def list_values(gatehouse: Gatehouse) -> list[str]:
    """Every value of every row, as text, and bytes as hex too."""
    values = []
    for table in metadata.tables.values():
        for row in gatehouse.rows(select(table)):
            for value in row:
                values.append(str(value))
                if isinstance(value, bytes | memoryview):
                    values += [bytes(value).hex(), bytes(value).decode("latin-1")]
    return values


def test_a_dump_opens_no_session(any_gatehouse):
    ada = any_gatehouse.member()
    assert ada.session() is not None
    loot = list_values(any_gatehouse)
    assert len(loot) > 20
    for value in loot:
        thief = any_gatehouse.visitor()
        thief.session_cookie = quote(value, safe="")
        assert thief.session() is None
        bearer = {"authorization": f"Bearer {value}".encode("utf-8", "replace")}
        assert any_gatehouse.visitor().get("get-session", headers=bearer).json() is None


def test_a_dump_signs_nobody_in(gatehouse):
    gatehouse.member()
    for value in list_values(gatehouse):
        assert gatehouse.visitor().sign_in(password=value[:128]).status_code in {400, 401}


def test_what_is_stored_is_the_digest_and_nothing_of_the_token(any_gatehouse):
    token = any_gatehouse.visitor().sign_up().json()["token"]
    ((stored,),) = any_gatehouse.rows(select(sessions.c.session_token))
    assert bytes(stored) == hashlib.sha256(token.encode()).digest()
    assert not any(token in value or token[:8] in value for value in list_values(any_gatehouse))


def test_the_password_is_stored_as_a_slow_hash_only(any_gatehouse):
    any_gatehouse.member()
    ((stored,),) = any_gatehouse.rows(select(users.c.password_hash))
    assert stored.startswith("$bcrypt-sha256$v=2,t=2b,r=")
    assert not any(PASSWORD in value for value in list_values(any_gatehouse))


def test_the_hash_leaves_the_database_for_no_answer(gatehouse):
    ada = gatehouse.member()
    ((stored,),) = gatehouse.rows(select(users.c.password_hash))
    for path in ("get-session", "list-sessions", "/api/me"):
        response = ada.get(path)
        assert "userId" in response.text or "email" in response.text
        assert stored not in response.text
        assert "hash" not in response.text.lower()
        assert "sessionToken" not in response.text


@pytest.mark.parametrize("column", ["token", "cookie", "signature"])
def test_there_is_no_column_for_it(gatehouse, column):
    names = {each.name for table in metadata.tables.values() for each in table.c}
    hidden = {"session_token", "token_digest"}
    of_providers = {name for name in accounts.c.keys() if "token" in name}  # noqa: SIM118
    assert {name for name in names if column in name} <= hidden | of_providers


def test_a_listed_session_of_another_browser_shows_no_token(any_gatehouse):
    ada, elsewhere = any_gatehouse.member(), any_gatehouse.visitor()
    token = elsewhere.sign_in().json()["token"]
    listed = ada.get("list-sessions")
    assert elsewhere.session()["session"]["id"] in {each["id"] for each in listed.json()}
    assert token not in listed.text


def test_the_audit_trail_cannot_open_anything(gatehouse):
    ada = gatehouse.member()
    ada.sign_in(password="wrong wrong")
    ada.post("sign-out")
    events = str(gatehouse.rows(select(audit_events)))
    assert "sign_in_failed" in events
    assert PASSWORD not in events
    assert "wrong wrong" not in events


def test_the_database_itself_holds_the_tables_we_know(any_gatehouse):
    kind = any_gatehouse.context.runtime.database.kind
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    }[kind]
    tables = {name for (name,) in any_gatehouse.rows(text(query))}
    assert tables == {*metadata.tables, "alembic_version"}


def test_a_refused_click_on_a_live_link_leaves_the_route_in_the_trail_and_not_the_token(
    start_mailing, mailbox
):
    gatehouse = start_mailing(rate_limits=True)
    ada = gatehouse.member()
    ada.post("request-password-reset", {"email": "ada@example.com", "redirectTo": "/reset"})
    mail = mailbox.last("reset")
    for _ in range(100):
        ada.get("reset-password/somebody-elses?callbackURL=/reset")

    assert open_link(ada, mail).status_code == 429
    assert not any(mail.token in value for value in list_values(gatehouse))
    limited = [each.detail for each in gatehouse.events() if each.kind == "rate_limited"]
    assert limited == [{"path": "/api/auth/reset-password/{token}"}]
