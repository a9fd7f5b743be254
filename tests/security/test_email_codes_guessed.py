"""Threat: somebody who does not read the mailbox finds out a mailed code, or uses one twice.

Six digits are few. So three may be tried for a code, and few codes are mailed in a day, whoever
asks for them, from however many addresses, and however much of it happens at the same instant.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select

from backend.kernel.secrets.code_digests import CodeDigests
from backend.storage.tables import metadata, one_time_codes, sessions
from tests.email_codes import ADA, Codes, other_than
from tests.in_process import Gatehouse
from tests.make import PASSWORD
from tests.scene import refusal

BOB = "bob@example.com"
PURPOSES = ["sign-in", "email-verification", "forget-password"]


def use(gatehouse: Gatehouse, purpose: str, code: str, email: str = ADA):
    """Use a code for what it is for."""
    path = {
        "sign-in": "sign-in/email-otp",
        "email-verification": "email-otp/verify-email",
        "forget-password": "email-otp/reset-password",
    }[purpose]
    body = {"email": email, "otp": code, "password": "another horse battery"}
    return gatehouse.visitor().post(path, body)


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    any_mailing_gatehouse.member()
    return any_mailing_gatehouse


@pytest.fixture
def codes(gatehouse, mailbox) -> Codes:
    return Codes(gatehouse, mailbox)


@pytest.fixture
def compared(monkeypatch) -> list[str]:
    """Every code that was compared with a mailed one."""
    tried: list[str] = []
    list_digests = CodeDigests.list_digests

    def note(self, subject, code):
        tried.append(code)
        return list_digests(self, subject, code)

    monkeypatch.setattr(CodeDigests, "list_digests", note)
    return tried


@pytest.fixture
def replicas(postgres_url: str, start_mailing: Callable[..., Gatehouse]) -> list[Gatehouse]:
    """Two applications on one PostgreSQL."""
    return [start_mailing(database_url=postgres_url) for _ in range(2)]


def test_of_a_thousand_guesses_at_once_on_two_replicas_three_are_compared(
    replicas, mailbox, compared
):
    replicas[0].member()
    code = Codes(replicas[0], mailbox).ask()
    paths = ["sign-in/email-otp", "email-otp/check-verification-otp"]
    at_once = asyncio.Semaphore(20)  # all wait for one row, and not longer than five seconds

    async def send(number: int) -> str:
        visitor = replicas[number % 2].visitor(f"198.51.100.{number % 250}")
        body = {"email": ADA, "otp": other_than(code, number + 1), "type": "sign-in"}
        async with at_once:
            response = await visitor.send_async("POST", paths[number % 4 // 2], body)
        return response.json()["code"]

    answers = Counter(replicas[0].gather(*(send(number) for number in range(1000))))

    assert len(compared) == 3
    assert answers == {"INVALID_OTP": 999, "TOO_MANY_ATTEMPTS": 1}
    assert Codes(replicas[1], mailbox).sign_in(code).json() == refusal("INVALID_OTP")


def test_of_fifty_uses_at_once_on_two_replicas_one_counts(replicas, mailbox):
    replicas[0].member()
    code = Codes(replicas[0], mailbox).ask()
    before = len(replicas[0].rows(select(sessions.c.id)))

    async def send(number: int) -> int:
        visitor = replicas[number % 2].visitor(f"198.51.100.{number}")
        body = {"email": ADA, "otp": code}
        return (await visitor.send_async("POST", "sign-in/email-otp", body)).status_code

    statuses = Counter(replicas[0].gather(*(send(number) for number in range(50))))

    assert statuses == {200: 1, 400: 49}
    # Taking over an account that was not verified ended the session before.
    assert len(replicas[0].rows(select(sessions.c.id))) == before


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_third_wrong_code_makes_it_void(gatehouse, codes, purpose):
    code = codes.ask(purpose)
    answers = [
        use(gatehouse, purpose, each).json()["code"]
        for each in (*(other_than(code, by) for by in (1, 2, 3)), code, code)
    ]
    assert answers == [*["INVALID_OTP"] * 3, "TOO_MANY_ATTEMPTS", "INVALID_OTP"]


def test_checks_and_uses_share_the_three_attempts_and_a_right_check_takes_none(gatehouse, codes):
    code = codes.ask()
    body = {"email": ADA, "type": "sign-in", "otp": code}
    for _ in range(5):
        response = gatehouse.visitor().post("email-otp/check-verification-otp", body)
        assert response.json() == {"success": True}
    body["otp"] = other_than(code)
    for _ in range(2):
        gatehouse.visitor().post("email-otp/check-verification-otp", body)
    assert codes.sign_in(other_than(code)).json() == refusal("INVALID_OTP")
    assert codes.sign_in(code).json() == refusal("TOO_MANY_ATTEMPTS")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_asking_again_and_again_gives_thirty_guesses_a_day(
    start_on, mailbox, clock, compared, purpose
):
    gatehouse = start_on(mailbox_file=mailbox.file, rate_limits=True)
    gatehouse.member()
    for hour in (0, 1, 2, 3, 4, 5, 22):
        for attempt in range(5):
            attacker = gatehouse.visitor(f"10.{hour}.{attempt}.1")
            body = {"email": ADA, "type": purpose}
            assert attacker.post("email-otp/send-verification-otp", body).is_success
            for number in range(3):
                guesser = gatehouse.visitor(f"10.{hour}.{attempt}.{number + 2}")
                wrong = other_than(mailbox.last("code").code, number + 1)
                check = {**body, "otp": wrong}
                response = guesser.post("email-otp/check-verification-otp", check)
                assert response.is_error
        clock.advance(hours=17 if hour == 5 else 1)

    assert len(compared) == 30
    assert len(mailbox.all(ADA, "code")) == 10


def test_beyond_the_limit_the_code_before_stays_valid(start_mailing, mailbox):
    gatehouse = start_mailing(rate_limits=True)
    codes = Codes(gatehouse, mailbox)
    for number in range(8):
        code = codes.ask(by=gatehouse.visitor(f"198.51.100.{number}"))
    assert len(mailbox.all(ADA, "code")) == 5
    assert codes.sign_in(code).status_code == 200


def test_one_purpose_at_its_limit_leaves_the_others_alone(start_mailing, mailbox):
    gatehouse = start_mailing(rate_limits=True)
    gatehouse.member()
    codes = Codes(gatehouse, mailbox)
    for number in range(4):
        codes.ask("forget-password", by=gatehouse.visitor(f"198.51.100.{number}"))
    assert len(mailbox.all(ADA, "code")) == 3
    codes.ask(by=gatehouse.visitor("198.51.100.9"))
    assert len(mailbox.all(ADA, "code")) == 4


@pytest.mark.parametrize("asked", PURPOSES)
@pytest.mark.parametrize("used", PURPOSES)
def test_a_code_is_for_one_purpose(mailing_gatehouse, mailbox, asked, used):
    mailing_gatehouse.member()
    code = Codes(mailing_gatehouse, mailbox).ask(asked)
    response = use(mailing_gatehouse, used, code)
    assert response.is_success == (asked == used), response.text
    if asked != used:
        assert response.json() == refusal("INVALID_OTP")


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_code_is_for_one_address(gatehouse, codes, purpose):
    gatehouse.member(BOB)
    codes.ask(purpose, BOB)
    code = codes.ask(purpose)
    other = use(gatehouse, purpose, code, BOB)
    assert other.json() == refusal("INVALID_OTP") or code == codes.newest(BOB)
    assert use(gatehouse, purpose, code).is_success


def test_a_code_to_change_the_address_is_for_one_account_and_one_address(gatehouse, codes):
    ada, bob, new = gatehouse.visitor(), gatehouse.member(BOB), "new@example.com"
    ada.sign_in()
    ada.post("email-otp/request-email-change", {"newEmail": new})
    code = codes.newest(new)
    for thief, address in ((bob, new), (ada, "other@example.com")):
        response = thief.post("email-otp/change-email", {"newEmail": address, "otp": code})
        assert response.json() == refusal("INVALID_OTP")
    for purpose in PURPOSES:
        assert use(gatehouse, purpose, code, new).json() == refusal("INVALID_OTP")


def test_the_database_alone_gives_no_code_away(gatehouse, codes):
    code = codes.ask()
    codes.ask(email="stranger@example.com")
    texts = "".join(
        repr([bytes(each) if isinstance(each, memoryview) else each for each in row])
        for table in metadata.sorted_tables
        for row in gatehouse.rows(select(table))
    )
    assert code not in texts
    stored = repr(gatehouse.rows(select(one_time_codes)))
    assert ADA not in stored
    assert "stranger" not in stored


def test_a_code_does_not_outlive_its_account(gatehouse, codes):
    code = codes.ask()
    owner = gatehouse.visitor()
    owner.sign_in()
    owner.post("delete-user", {"password": PASSWORD})
    assert codes.sign_in(code).json() == refusal("INVALID_OTP")


def test_wrong_codes_are_in_the_audit_trail(gatehouse, codes):
    code = codes.ask()
    codes.sign_in(other_than(code))
    (failed,) = [each for each in gatehouse.events() if each.kind == "sign_in_failed"]
    assert failed.subject == gatehouse.user_id(ADA)
    assert failed.detail == {"method": "email-otp", "reason": "wrong code"}
    codes.ask("forget-password")
    use(gatehouse, "forget-password", other_than(codes.newest()))
    (refused,) = [each for each in gatehouse.events() if each.kind == "email_code_refused"]
    assert refused.detail == {"purpose": "forget-password", "reason": "wrong code"}
