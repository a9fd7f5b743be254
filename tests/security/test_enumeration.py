"""Threat: finding out who has an account. Only a correct password reveals it."""

from typing import Any

import pytest
from sqlalchemy import update

from backend.kernel.passwords.hasher import PasswordHasher
from backend.storage.tables import users
from tests.in_process import Gatehouse

ADA, NOBODY = "ada@example.com", "nobody@example.com"


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every call that hashes or checks: each takes a time that a stopwatch can see."""
    calls: list[str] = []

    def count_calls(name: str) -> None:
        original = getattr(PasswordHasher, name)

        def count(*args: Any) -> Any:
            calls.append(name)
            return original(*args)

        monkeypatch.setattr(PasswordHasher, name, count)

    count_calls("hash")
    count_calls("verify")
    return calls


def unknown(_: Gatehouse) -> None:
    """No account has the address."""


def wrong(gatehouse: Gatehouse) -> None:
    gatehouse.member(ADA)


def banned(gatehouse: Gatehouse) -> None:
    gatehouse.member(ADA)
    gatehouse.ban(ADA)


def without_password(gatehouse: Gatehouse) -> None:
    gatehouse.member(ADA)
    gatehouse.execute(update(users).values(password_hash=None))


CASES = [unknown, wrong, banned, without_password]


def describe_wrong_guess(gatehouse: Gatehouse) -> tuple[Any, ...]:
    """What a client sees of a wrong guess at ADA, without the request's own ID."""
    response = gatehouse.visitor().sign_in(ADA, "a wrong guess")
    headers = [pair for pair in response.headers.multi_items() if pair[0] != "x-request-id"]
    return response.status_code, response.content, headers


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_guess_is_answered_alike_whoever_it_was(any_gatehouse, case):
    expected = describe_wrong_guess(any_gatehouse)
    case(any_gatehouse)
    assert describe_wrong_guess(any_gatehouse) == expected


@pytest.mark.parametrize("case", CASES)
def test_and_costs_exactly_one_hash(gatehouse, hashes, case):
    case(gatehouse)
    hashes.clear()
    gatehouse.visitor().sign_in(ADA, "a wrong guess")
    assert hashes == ["verify"]


@pytest.mark.parametrize("case", CASES)
def test_and_asks_the_database_equally_often(gatehouse, case):
    gatehouse.visitor().sign_in(NOBODY)  # the first of all looks for the kinds of hashes
    case(gatehouse)
    with gatehouse.statements() as statements:
        gatehouse.visitor().sign_in(ADA, "a wrong guess")
    kinds = [statement.split()[0] for statement in statements]
    assert kinds == ["BEGIN", "SELECT", "ROLLBACK", "BEGIN", "INSERT", "COMMIT"]


@pytest.mark.parametrize("password", ["x" * 128, "", "a\0b", "\u0301"])
def test_an_odd_password_makes_no_difference(gatehouse, hashes, password):
    gatehouse.member(ADA)
    hashes.clear()
    responses = [gatehouse.visitor().sign_in(email, password) for email in (ADA, NOBODY)]
    assert [response.status_code for response in responses] == [401, 401]
    assert responses[0].content == responses[1].content
    assert hashes == ["verify", "verify"]


def test_only_the_right_password_tells_of_a_ban(gatehouse):
    banned(gatehouse)
    assert gatehouse.visitor().sign_in(ADA, "a wrong guess").status_code == 401
    assert gatehouse.visitor().sign_in(ADA).json()["code"] == "BANNED_USER"


def test_a_taken_address_costs_no_hash_at_sign_up(gatehouse, hashes):
    """Its response reveals as much already: Better Auth sends 422."""
    gatehouse.member(ADA)
    hashes.clear()
    assert gatehouse.visitor().sign_up(ADA).status_code == 422
    assert hashes == []


def test_revoking_answers_alike_for_every_token(gatehouse):
    ada, bob = gatehouse.member(ADA), gatehouse.member("bob@example.com")
    bobs_session = bob.session()["session"]
    tokens = [bobs_session["token"], bobs_session["id"], "nonsense", "a" * 42, ""]
    responses = [ada.post("revoke-session", {"token": token}) for token in tokens]
    assert {response.content for response in responses} == {b'{"status":true}'}


def test_the_log_of_a_failure_does_not_name_the_address(gatehouse, capsys):
    gatehouse.member(ADA)
    gatehouse.visitor().sign_in(ADA, "a wrong guess")
    gatehouse.visitor().sign_in(NOBODY, "a wrong guess")
    output = capsys.readouterr()
    assert "sign_in_failed" in output.out + output.err
    assert "@example.com" not in output.out + output.err
