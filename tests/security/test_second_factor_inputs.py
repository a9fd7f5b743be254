"""Threat: odd codes, clocks and moments make the second factor tell, give or lose something."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.storage.tables import two_factors, users
from tests.in_process import Gatehouse, Visitor
from tests.make import PASSWORD
from tests.scene import cookies_of, refusal
from tests.second_factor import App, enrol, first_step

VERIFY = "two-factor/verify-totp"


@pytest.fixture
def gatehouse(any_mailing_gatehouse: Gatehouse) -> Gatehouse:
    return any_mailing_gatehouse


@pytest.fixture
def ada(gatehouse) -> Visitor:
    return gatehouse.member()


def sign_in_elsewhere(gatehouse: Gatehouse) -> Visitor:
    visitor = gatehouse.visitor()
    assert visitor.sign_in().status_code == 200
    return visitor


def test_before_the_right_password_nobody_learns_who_has_a_factor(gatehouse, ada):
    gatehouse.member("grace@example.com")
    enrol(gatehouse, ada)
    answers = [
        (response.status_code, response.json(), cookies_of(response))
        for email in ("ada@example.com", "grace@example.com", "nobody@example.com")
        for response in [gatehouse.visitor().sign_in(email, "a wrong password")]
    ]
    assert answers == [answers[0]] * 3
    for path in ("verify-totp", "verify-otp", "verify-backup-code", "send-otp"):
        response = gatehouse.visitor().post(f"two-factor/{path}", {"code": "123456"})
        assert response.json() == refusal("INVALID_TWO_FACTOR_COOKIE")


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_devices_that_finish_together_the_one_that_is_told_so_counts(gatehouse, ada, first):
    devices = [ada, sign_in_elsewhere(gatehouse)]
    apps = [App.begin(gatehouse, device) for device in devices]
    order = [first, 1 - first]
    requests = (devices[i].send_async("POST", VERIFY, {"code": apps[i].code()}) for i in order)
    statuses = {
        i: each.status_code for i, each in zip(order, gatehouse.gather(*requests), strict=True)
    }
    assert statuses == {0: 401, 1: 200}, "the second began last, so its secret is stored"
    assert first_step(gatehouse).post(VERIFY, {"code": apps[1].code()}).status_code == 200


def test_a_device_that_begins_while_another_finishes_takes_nothing_away(gatehouse, ada):
    other = sign_in_elsewhere(gatehouse)
    app = App.begin(gatehouse, ada)
    finishing = ada.send_async("POST", VERIFY, {"code": app.code()})
    beginning = other.send_async("POST", "two-factor/enable", {"password": PASSWORD})
    finished, begun = gatehouse.gather(finishing, beginning)

    ((enabled,),) = gatehouse.rows(select(users.c.two_factor_enabled))
    ((confirmed,),) = gatehouse.rows(select(two_factors.c.totp_confirmed))
    assert enabled == confirmed == (finished.status_code == 200)
    assert begun.status_code == (400 if enabled else 200)
    if enabled:
        assert first_step(gatehouse).post(VERIFY, {"code": app.code()}).status_code == 200


@pytest.mark.parametrize(
    "code",
    [
        "",
        " ",
        "12345",
        "1234567",
        "0x1234",
        "۱۲۳۴۵۶",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "\u0000" * 6,
        "9" * 60_000,
    ],
    ids=lambda code: ascii(code)[:20],
)
def test_odd_codes_are_wrong_codes(gatehouse, ada, code):
    enrol(gatehouse, ada)
    browser = first_step(gatehouse)
    for path, error in (("verify-totp", "CODE"), ("verify-backup-code", "BACKUP_CODE")):
        response = browser.post(f"two-factor/{path}", {"code": code})
        assert response.status_code in {400, 401}, response.text
        assert response.json()["code"] in {f"INVALID_{error}", "VALIDATION_ERROR"}
    assert browser.session() is None


@pytest.mark.parametrize("code", [123456, None, ["123456"], {"code": "123456"}, True, 1.5])
def test_a_code_that_is_no_text_is_no_code(gatehouse, ada, code):
    enrol(gatehouse, ada)
    response = first_step(gatehouse).post(VERIFY, {"code": code})
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")


def test_an_issuer_that_no_app_could_show_is_refused(gatehouse, ada):
    body = {"password": PASSWORD, "issuer": "x" * 65_000}
    assert ada.post("two-factor/enable", body).status_code == 400
    assert gatehouse.rows(select(two_factors.c.user_id)) == []
    odd = {"password": PASSWORD, "issuer": "A&secret=B:C/ü?#"}
    uri = ada.post("two-factor/enable", odd).json()["totpURI"]
    assert uri.count("secret=") == 1
    assert uri.count("?") == 1


@pytest.mark.parametrize(("seconds", "status"), [(-90, 401), (-30, 200), (30, 200), (90, 401)])
def test_a_clock_that_is_a_minute_and_a_half_off_does_not_work(gatehouse, ada, seconds, status):
    app = enrol(gatehouse, ada)
    code = app.code(timedelta(seconds=seconds))
    assert first_step(gatehouse).post(VERIFY, {"code": code}).status_code == status


def test_a_clock_that_is_set_back_revives_no_code(gatehouse, ada, clock):
    app = enrol(gatehouse, ada)
    used = app.code()
    assert first_step(gatehouse).post(VERIFY, {"code": used}).status_code == 200
    clock.advance(minutes=5)
    assert first_step(gatehouse).post(VERIFY, {"code": app.code()}).status_code == 200
    clock.advance(minutes=-5)
    again = first_step(gatehouse).post(VERIFY, {"code": used})
    assert (again.status_code, again.json()) == (401, refusal("INVALID_CODE"))
    clock.advance(seconds=-30)
    assert first_step(gatehouse).post(VERIFY, {"code": app.code()}).status_code == 200
