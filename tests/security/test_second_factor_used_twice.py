"""Threat: what may be used once is used several times at the same instant."""

from collections import Counter

import psycopg2
import pytest
from sqlalchemy import func, select

from backend.storage.tables import backup_codes, sessions, sign_in_challenges, trusted_browsers
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.rig.fixtures import ON_POSTGRESQL
from tests.scene import refusal
from tests.second_factor import App, enrol, first_step

TRUST = "better-auth.trust_device"
VERIFY = "two-factor/verify-totp"


@pytest.fixture
def replicas(postgres_url: str, start) -> list[Gatehouse]:
    """Two applications on one PostgreSQL."""
    return [start(database_url=postgres_url) for _ in range(2)]


@pytest.fixture(params=[True, False], ids=["strict", "as Better Auth"])
def gatehouse(request, start_on, mailbox) -> Gatehouse:
    return start_on(mailbox_file=mailbox.file, strict=request.param)


@pytest.fixture
def app(gatehouse) -> App:
    """Ada's authenticator app, enrolled."""
    return enrol(gatehouse, gatehouse.member())


def copy_browser(gatehouse: Gatehouse, browser: Visitor, address: str = "203.0.113.8") -> Visitor:
    """Another browser with the same cookies."""
    copy = gatehouse.visitor(address)
    copy.cookies = dict(browser.cookies)
    return copy


def send_at_once(gatehouse: Gatehouse, browsers: list[Visitor], path: str, body: object) -> Counter:
    """Send the same from all browsers at the same time; returns how often each answer came."""
    requests = (browser.send_async("POST", path, body) for browser in browsers)
    return Counter(response.json().get("code", "ok") for response in gatehouse.gather(*requests))


def test_of_fifty_uses_of_a_backup_code_on_two_replicas_one_counts(replicas):
    app = enrol(replicas[0], replicas[0].member())
    browsers = [first_step(replicas[number % 2]) for number in range(50)]
    ((before,),) = replicas[0].rows(select(func.count()).select_from(sessions))

    body = {"code": app.backup_codes[0]}
    answers = send_at_once(replicas[0], browsers, "two-factor/verify-backup-code", body)

    assert answers == {"ok": 1, "INVALID_BACKUP_CODE": 49}
    assert replicas[0].rows(select(func.count()).select_from(backup_codes)) == [(9,)]
    assert replicas[0].rows(select(func.count()).select_from(sessions)) == [(before + 1,)]


def test_one_code_in_two_browsers_signs_in_one_of_them_unless_like_better_auth(gatehouse, app):
    browsers = [first_step(gatehouse) for _ in range(2)]
    answers = send_at_once(gatehouse, browsers, VERIFY, {"code": app.code()})
    both = {"ok": 2}
    assert answers == ({"ok": 1, "INVALID_CODE": 1} if gatehouse.settings.strict else both)
    signed_in = [browser for browser in browsers if browser.session() is not None]
    assert len(signed_in) == answers["ok"]


def test_a_sign_in_that_is_completed_twice_gives_one_session(gatehouse, app):
    browser = first_step(gatehouse)
    browsers = [browser, copy_browser(gatehouse, browser)]
    answers = send_at_once(gatehouse, browsers, VERIFY, {"code": app.code()})
    assert answers == {"ok": 1, "INVALID_TWO_FACTOR_COOKIE": 1}


def test_a_trusted_browser_that_signs_in_twice_is_trusted_once(gatehouse, app):
    browser = first_step(gatehouse)
    browser.post(VERIFY, {"code": app.code(), "trustDevice": True})
    browsers = [copy_browser(gatehouse, browser, f"203.0.113.{number}") for number in range(2)]
    credentials = {"email": "ada@example.com", "password": PASSWORD}
    requests = (each.send_async("POST", "sign-in/email", credentials) for each in browsers)

    payloads = [response.json() for response in gatehouse.gather(*requests)]

    assert sorted("twoFactorRedirect" in payload for payload in payloads) == [False, True]
    assert gatehouse.rows(select(func.count()).select_from(trusted_browsers)) == [(1,)]
    trusted = [TRUST in each.cookies for each in browsers]
    assert trusted == ["token" in payload for payload in payloads]


def test_of_codes_that_are_mailed_at_once_one_works(gatehouse, mailbox):
    gatehouse.member().post("two-factor/enable", {"password": PASSWORD, "method": "otp"})
    browser = first_step(gatehouse)
    assert send_at_once(gatehouse, [browser] * 4, "two-factor/send-otp", {}) == {"ok": 4}
    codes = [mail.code for mail in mailbox.all("ada@example.com", "code")]
    assert len(codes) == 4
    answers = [browser.post("two-factor/verify-otp", {"code": code}).is_success for code in codes]
    assert any(answers)
    assert browser.session() is not None


@ON_POSTGRESQL
@pytest.mark.parametrize("path", [VERIFY, "two-factor/verify-backup-code"])
@pytest.mark.parametrize("is_right", [True, False])
def test_a_code_and_a_new_password_do_not_wait_for_each_other(gatehouse, app, path, is_right):
    """Every change of a user locks their row first: in another order two would be a deadlock."""
    browser = first_step(gatehouse)
    code = app.code() if path == VERIFY else app.backup_codes[0]
    with gatehouse.statements() as statements:
        response = browser.post(path, {"code": code if is_right else "wrong"})
    assert response.is_success == is_right
    locking = [each for each in statements if not each.lstrip().startswith("SELECT")]
    locking += [each for each in statements if "FOR NO KEY UPDATE" in each]
    assert "FOR NO KEY UPDATE" in min(locking, key=statements.index)


@ON_POSTGRESQL
def test_a_guess_that_waits_too_long_for_others_is_refused_and_nothing_is_lost(
    gatehouse, app, postgres_url
):
    browser = first_step(gatehouse)
    with psycopg2.connect(postgres_url) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM users FOR UPDATE")
        response = browser.post(VERIFY, {"code": app.code()})
    other.close()
    assert (response.status_code, response.json()) == (503, refusal("SERVICE_UNAVAILABLE"))
    assert response.headers["retry-after"] == "2"
    assert gatehouse.rows(select(sign_in_challenges.c.attempts)) == [(0,)]
    assert browser.post(VERIFY, {"code": app.code()}).status_code == 200


def test_while_signed_in_codes_are_counted_too(gatehouse, app):
    """Whoever has a stolen session, but not the app, must not find out a code by trying."""
    browser = first_step(gatehouse)
    browser.post(VERIFY, {"code": app.code()})
    answers = [browser.post(VERIFY, {"code": "000000"}).json()["code"] for _ in range(11)]
    last = "ACCOUNT_TEMPORARILY_LOCKED" if gatehouse.settings.strict else "INVALID_CODE"
    assert answers == ["INVALID_CODE"] * 10 + [last]
    for code in (app.backup_codes[0], app.backup_codes[1]):
        used = browser.post("two-factor/verify-backup-code", {"code": code})
        assert used.status_code == 200, used.json()
    wrong = browser.post("two-factor/verify-backup-code", {"code": app.backup_codes[1]})
    assert wrong.json() == refusal("INVALID_BACKUP_CODE")
