"""Threat: somebody who has the password guesses the code, from many addresses at the same time."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from backend.features.two_factor import totp
from tests.in_process import Gatehouse, Visitor, cookie_lines
from tests.scene import refusal
from tests.second_factor import App, enrol, first_step

ADDRESSES = 100
PER_CHALLENGE, IN_A_ROW = 5, 10


@pytest.fixture
def compared(monkeypatch) -> list[str]:
    """Every code that was compared with the secret of an authenticator app."""
    codes: list[str] = []
    find_step = totp.find_step

    def note(secret, code, now):
        codes.append(code)
        return find_step(secret, code, now)

    monkeypatch.setattr(totp, "find_step", note)
    return codes


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture
def app(gatehouse) -> App:
    """Ada's authenticator app, enrolled."""
    return enrol(gatehouse, gatehouse.member())


def guess(gatehouse: Gatehouse, app: App, browsers: list[Visitor], count: int) -> dict[str, int]:
    """Send wrong codes from all addresses at the same time; returns how often each answer came."""
    at_once = asyncio.Semaphore(ADDRESSES)
    right = {app.code(timedelta(seconds=seconds)) for seconds in (-30, 0, 30)}
    wrong = [f"{number:06}" for number in range(count + 3) if f"{number:06}" not in right]

    async def send(number: int) -> str:
        sender = gatehouse.visitor(f"198.51.100.{number % ADDRESSES}")
        sender.cookies = dict(browsers[number % len(browsers)].cookies)
        async with at_once:
            body = {"code": wrong[number]}
            response = await sender.send_async("POST", "two-factor/verify-totp", body)
        assert "session_token" not in cookie_lines(response)
        return response.json()["code"]

    return Counter(gatehouse.gather(*(send(number) for number in range(count))))


def test_of_many_guesses_for_one_sign_in_five_are_compared(gatehouse, app, compared):
    browser = first_step(gatehouse)
    compared.clear()
    answers = guess(gatehouse, app, [browser], 200)
    assert len(compared) == PER_CHALLENGE
    assert answers.pop("INVALID_CODE") == PER_CHALLENGE
    assert answers.keys() <= {"TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE", "INVALID_TWO_FACTOR_COOKIE"}
    right = first_step(gatehouse).post("two-factor/verify-totp", {"code": app.code()})
    assert right.status_code == 200


def test_of_a_thousand_guesses_for_twenty_sign_ins_ten_are_compared(
    gatehouse, app, compared, clock
):
    browsers = [first_step(gatehouse) for _ in range(20)]
    compared.clear()
    answers = guess(gatehouse, app, browsers, 1000)
    assert len(compared) == IN_A_ROW
    assert answers.pop("INVALID_CODE") == IN_A_ROW
    assert answers.keys() <= {
        "ACCOUNT_TEMPORARILY_LOCKED",
        "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE",
        "INVALID_TWO_FACTOR_COOKIE",
    }

    owner = first_step(gatehouse)
    locked = owner.post("two-factor/verify-totp", {"code": app.code()})
    assert (locked.status_code, locked.json()) == (429, refusal("ACCOUNT_TEMPORARILY_LOCKED"))
    by_paper = owner.post("two-factor/verify-backup-code", {"code": app.backup_codes[0]})
    assert by_paper.status_code == 200
    assert first_step(gatehouse).post("two-factor/verify-totp", {"code": app.code()}).is_success
